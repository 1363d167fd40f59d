//! What comes in goes out once, in order; what does not fit is counted; whatever the sizes.

use bellwether_core::Registry;
use proptest::prelude::*;

use super::super::signal::Signal;
use super::*;

fn outbox(limits: Queue) -> (Outbox, Arc<Tally>) {
    let tally = Arc::new(Tally::new(&Registry::new(), Signal::Traces).unwrap());
    (Outbox::new(limits, Arc::clone(&tally)), tally)
}

fn items(batch: &Batch) -> Vec<Vec<u8>> {
    let item = |(field, value)| match (field, value) {
        (ITEM, wire::Field::Bytes(item)) => item.to_vec(),
        other => panic!("{other:?}"),
    };
    wire::fields(&batch.bytes).map(item).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Seal,
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![6 => (0..300_usize).prop_map(Step::Push), 1 => Just(Step::Seal), 2 => Just(Step::Take)]
}

proptest! {
    #[test]
    fn a_queue_by_another_name(
        steps in prop::collection::vec(step(), 0..200),
        max_items in 1..30_usize,
        max_batch in 1..10_usize,
        max_bytes in 1..3000_usize,
    ) {
        let limits = Queue::default().max_items(max_items).max_batch(max_batch).max_bytes(max_bytes);
        let (outbox, tally) = outbox(limits);
        // The model: items in order, and how many of the first ones are in full batches.
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let (mut open, mut turned_away, mut batches) = (0, 0, VecDeque::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(len) => {
                    let item = vec![number as u8; len];
                    let framed = |item: &Vec<u8>| item.len() + 1 + wire::varint_len(item.len() as u64);
                    let bytes: usize = model.iter().map(framed).sum();
                    outbox.push(&item);
                    if model.len() >= max_items || bytes + framed(&item) > max_bytes {
                        turned_away += 1;
                    } else {
                        model.push_back(item);
                        open += 1;
                    }
                    if open == max_batch {
                        batches.push_back(mem::take(&mut open));
                    }
                }
                Step::Seal => {
                    if open > 0 {
                        batches.push_back(mem::take(&mut open));
                    }
                    prop_assert_eq!(outbox.seal(), batches.len());
                }
                Step::Take => {
                    let batch = outbox.take();
                    prop_assert_eq!(batch.as_ref().map(|batch| batch.items), batches.pop_front());
                    if let Some(batch) = batch {
                        let expected: Vec<Vec<u8>> = model.drain(..batch.items).collect();
                        prop_assert_eq!(items(&batch), expected);
                        outbox.recycle(batch.bytes);
                    }
                }
            }
            prop_assert_eq!(outbox.len(), model.len());
            prop_assert_eq!(tally.of(Fate::QueueFull), turned_away);
        }
        prop_assert_eq!(outbox.abandon(), model.len());
        outbox.push(b"late");
        prop_assert_eq!((outbox.len(), tally.of(Fate::Shutdown)), (0, 1));
    }
}

#[test]
fn threads_lose_nothing() {
    let (outbox, tally) = outbox(Queue::default().max_items(20_000).max_batch(7));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5_000_u32).for_each(|number| outbox.push(&number.to_le_bytes())));
        }
    });
    outbox.seal();
    let mut seen = vec![0; 5_000];
    while let Some(batch) = outbox.take() {
        for item in items(&batch) {
            seen[u32::from_le_bytes(item.try_into().unwrap()) as usize] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count == 4));
    assert_eq!(tally.lost(), 0);
}

#[test]
fn what_is_too_large_is_turned_away_and_counted() {
    let (outbox, tally) = outbox(Queue::default());
    outbox.push(&vec![0; MAX_ITEM + 1]);
    outbox.push(&vec![0; MAX_ITEM]);
    assert_eq!((outbox.len(), tally.of(Fate::TooLarge)), (1, 1));
}

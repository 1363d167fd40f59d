//! What a graph takes in, and what it refuses.

use bellwether_dependency::cascade::{Graph, Kind, Refusal, Relation};

#[test]
fn one_name_is_one_node() {
    let mut graph = Graph::default();
    let node = graph.node("stt", Kind::Dependency).expect("there is room");
    assert_eq!(graph.node("stt", Kind::Dependency), Ok(node));
    assert_eq!(graph.node("stt", Kind::Pool), Err(Refusal::Taken(Kind::Dependency)));
    assert_eq!((graph.find("stt"), graph.name(node), graph.nodes()), (Some(node), Some("stt"), 1));
}

#[test]
fn a_full_graph_refuses_and_counts() {
    let mut graph = Graph::default();
    for i in 0..Graph::MAX_NODES {
        graph.node(&format!("node-{i}"), Kind::Dependency).expect("there is room");
    }
    assert_eq!(graph.node("one more", Kind::Dependency), Err(Refusal::Full));
    assert!(graph.node("node-0", Kind::Dependency).is_ok(), "what is known is found also when it is full");
    assert_eq!((graph.nodes(), graph.turned_away()), (Graph::MAX_NODES, 1));
}

#[test]
fn an_edge_needs_nodes_of_this_graph() {
    let (mut small, mut large) = (Graph::default(), Graph::default());
    let known = small.node("a", Kind::Route).expect("there is room");
    large.node("a", Kind::Route).expect("there is room");
    let unknown = large.node("b", Kind::Dependency).expect("there is room");
    assert_eq!(small.edge(known, unknown, Relation::Observed), Err(Refusal::UnknownNode));
    assert!(small.edge(known, known, Relation::Observed).is_ok(), "a node may call itself");
}

// What @prometheus-io/codemirror-promql completes with a server's help, as one line of JSON each.
const { PromQLExtension } = require('@prometheus-io/codemirror-promql');
const { newCompleteStrategy } = require('@prometheus-io/codemirror-promql/dist/cjs/complete');
const { CompletionContext } = require('@codemirror/autocomplete');
const { ensureSyntaxTree } = require('@codemirror/language');
const { EditorState } = require('@codemirror/state');

async function complete(strategy, text) {
  const state = EditorState.create({ doc: text, extensions: [new PromQLExtension().asExtension()] });
  ensureSyntaxTree(state, text.length, 5000);
  const result = await strategy.promQL(new CompletionContext(state, text.length, true));
  // What the server knows, and not the words of the language.
  const known = result.options.filter((option) => ['constant', 'text'].includes(option.type));
  return known.map((option) => [option.label, option.detail]).sort();
}

async function main() {
  for (const httpMethod of ['GET', 'POST']) {
    const httpErrorHandler = (error) => console.error(httpMethod, String(error));
    const remote = { url: process.argv[2], httpMethod, httpErrorHandler, lookbackInterval: Date.now() - 1.6e12 };
    const strategy = newCompleteStrategy({ remote });
    for (const text of ['re', 'sum by (', 'requests_total{h', 'requests_total{host="', 'sum(short{job="api",host="']) {
      console.log(text, JSON.stringify(await complete(strategy, text)));
    }
  }
  process.exit(0);
}

main();

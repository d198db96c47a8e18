"""Who signs out of the page takes the conversation along, also one that is only just coming."""

import pytest

from test_widget_languages import node

PAGE = """
const kept = new Map();
globalThis.window = { localStorage: {
  get length() { return kept.size; }, key: (i) => [...kept.keys()][i],
  getItem: (k) => kept.get(k) ?? null,
  setItem: (k, v) => kept.set(k, v),
  removeItem: (k) => kept.delete(k),
} };
globalThis.addEventListener = globalThis.removeEventListener = () => {};
globalThis.document = { addEventListener() {}, visibilityState: 'visible' };
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: {
  onLine: true, locks: { request: async (_name, work) => work() },
} });
const { Conversation } = await import('./conversation.js');
const { Store } = await import('./storage.js');
const waiting = [];
const sent = [];
const never = () => new Promise(() => {});
const api = {
  createConversation: ({ customer }) => new Promise((tell) => waiting.push(() => tell({
    conversation: { id: `cnv_${customer?.identifier}`, status: 'desk' },
    token: 'fdc_x',
    messages: [],
  }))),
  send: async (bond, body) => { sent.push([bond.id, body.text]); await never(); },
  messages: never, events: never,
};
const store = new Store('t');
const page = { locale: 'en', emit() {}, changed() {}, forgotten() {} };
const conversation = new Conversation(api, store, page);
const turn = () => new Promise((done) => setTimeout(done, 20));
"""


@pytest.mark.parametrize("leaving", ["reset()", "identify({identifier: 'ben'})"])
def test_what_comes_after_a_sign_out_is_let_go(leaving: str) -> None:
    after = node(f"""{PAGE}
    conversation.identify({{ identifier: 'ana' }});
    conversation.send('my secret is turnip');
    await turn();
    conversation.{leaving};
    waiting.shift()();  // the desk answers what was asked for Ana
    await turn();
    const lines = conversation.items();
    console.log(JSON.stringify({{ kept: store.get('conversation'), sent, lines }}));
    process.exit();""")
    assert after == {"kept": None, "sent": [], "lines": []}


def test_who_is_named_once_more_goes_on() -> None:
    after = node(f"""{PAGE}
    conversation.identify({{ identifier: 'ana' }});
    conversation.send('hello');
    await turn();
    conversation.identify({{ identifier: 'ana' }});
    waiting.shift()();
    await turn();
    console.log(JSON.stringify([store.get('conversation').id, sent]));
    process.exit();""")
    assert after == ["cnv_ana", [["cnv_ana", "hello"]]]

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


WAITS = f"""{PAGE}
let tell;
const tells = new Promise((ready) => {{ tell = ready; }});
let answer;
const here = {{ state: 'open', place: 1, within: null, late: false, contact: null }};
const conv = (status) => ({{ id: 'cnv_1', status, operator: null }});
Object.assign(api, {{
  createConversation: async () => ({{ conversation: conv('desk'), token: 'fdc_x', messages: [] }}),
  messages: async () => ({{ conversation: conv('desk'), messages: [] }}),
  events: async (_bond, _after, heard) => {{ tell(heard); await never(); }},
  handoff: async () => ({{ conversation: {{ ...conv('waiting'), expectation: here }} }}),
  contact: () => new Promise((done) => {{ answer = done; }}),
}});
conversation.askForPerson();
const stream = await tells;
await turn();
const event = (id, name, data) => stream({{ id, event: name, data: JSON.stringify(data) }});
const seen = [[conversation.status, conversation.expectation?.place]];
"""


def test_what_is_told_of_a_wait_that_is_over_is_not_shown() -> None:
    """A queue that is a moment old places a customer whose ticket somebody has just taken."""
    after = node(f"""{WAITS}
    event('', 'expectation', {{ ...here, place: 2 }});
    seen.push([conversation.status, conversation.expectation?.place]);
    event('7', 'conversation', {{ ...conv('operator'), operator: 'Ana' }});
    event('', 'expectation', here);
    seen.push([conversation.status, conversation.expectation]);
    console.log(JSON.stringify(seen));
    process.exit();""")
    assert after == [["waiting", 1], ["waiting", 2], ["operator", None]]


def test_an_answer_that_was_overtaken_does_not_bring_the_wait_back() -> None:
    after = node(f"""{WAITS}
    const left = conversation.leaveContact({{ kind: 'email', value: 'a@b.example', about: '' }});
    event('7', 'conversation', {{ ...conv('operator'), operator: 'Ana' }});
    answer({{ conversation: {{ ...conv('waiting'), expectation: here }} }});
    await left;
    seen.push([conversation.status, conversation.expectation]);
    console.log(JSON.stringify(seen));
    process.exit();""")
    assert after == [["waiting", 1], ["operator", None]]

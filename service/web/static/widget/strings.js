/**
 * Every word that the widget says. To add a language, add a table with the same keys to `tables`.
 * `{name}` marks are filled in by `fill`.
 */

const en = {
  // launcher and frame
  launcher_open: 'Open chat',
  launcher_close: 'Close chat',
  unread_one: '{count} new message',
  unread_other: '{count} new messages',
  dialog_label: 'Chat with {name}',
  close: 'Close chat',
  menu: 'More options',
  menu_person: 'Talk to a person',
  menu_transcript: 'Save this conversation',

  // header
  status_desk: 'Usually answers at once',
  status_waiting: 'Waiting for a colleague',
  status_operator: 'You are talking to {name}',
  status_resolved: 'Closed. Write again any time',
  status_offline: 'No connection',
  somebody: 'a colleague',

  // conversation
  log_label: 'Messages',
  welcome: 'Hello! How can we help?',
  intro: 'Ask anything. A person can take over whenever you like.',
  you: 'You',
  today: 'Today',
  yesterday: 'Yesterday',
  joined: '{name} joined the conversation',
  asking_person: 'Asking for a person…',
  asking_person_failed: 'We could not ask for a person.',
  started_over: 'The earlier conversation is no longer here, so this is a new one.',
  typing: '{name} is typing…',
  suggestions: 'Suggested replies',
  new_messages: 'New messages',
  loading: 'Loading the conversation…',

  // delivery
  sending: 'Sending…',
  queued: 'Waiting for the connection',
  sent: 'Sent',
  failed: 'Not sent',
  retry: 'Try again',
  remove: 'Remove',

  // feedback
  helpful: 'This helped',
  not_helpful: 'This did not help',
  thanks: 'Thank you',
  sorry: 'Sorry about that.',

  // composer
  composer_label: 'Your message',
  composer_placeholder: 'Write a message…',
  send: 'Send',
  left_one: '{count} character left',
  left_other: '{count} characters left',
  over_one: '{count} character too long',
  over_other: '{count} characters too long',

  // network
  offline: 'You are offline. What you write is kept and sent when you are back.',
  trouble: 'The desk cannot be reached just now. We keep trying.',
  try_now: 'Try now',
  said: '{name}: {text}',
};

/** @typedef {typeof en} Strings */

/** @type {Record<string, Strings>} */
const tables = { en };

const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/i;

/**
 * The table for the first wanted language that there is one for; English when there is none.
 * @param {ReadonlyArray<string | undefined | null>} wanted language tags, best first
 */
export function stringsFor(wanted) {
  for (const tag of wanted) {
    const language = tag?.toLowerCase().split(/[-_]/)[0] ?? '';
    if (tag && Object.hasOwn(tables, language)) return table(language, wanted);
  }
  return table('en', wanted);
}

/** @param {string} language @param {ReadonlyArray<string | undefined | null>} wanted */
function table(language, wanted) {
  let locale = language;
  try {
    // Of the language, the country's own way to write times and numbers, if anybody names a country.
    const tags = wanted.map((tag) => (tag ?? '').replace('_', '-'));
    const regional = tags.find((tag) => tag.toLowerCase().startsWith(`${language}-`));
    locale = Intl.getCanonicalLocales(regional ?? language)[0] ?? language;
  } catch {
    // a malformed tag: the plain language will do
  }
  const dir = RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr';
  return { strings: /** @type {Strings} */ (tables[language]), locale, dir };
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (mark, key) => (key in values ? String(values[key]) : mark));
}

/**
 * `count` things, in the language's own plural form: `key_one`, `key_other`, …
 * @param {Strings} strings @param {string} locale @param {string} key @param {number} count
 */
export function plural(strings, locale, key, count) {
  const words = /** @type {Record<string, string>} */ (strings);
  const form = new Intl.PluralRules(locale).select(count);
  const text = words[`${key}_${form}`] ?? words[`${key}_other`] ?? '';
  return fill(text, { count: new Intl.NumberFormat(locale).format(count) });
}

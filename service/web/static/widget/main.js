/**
 * Puts the widget together: settings from the server and the page, the conversation, the view. Called once
 * by widget.js; what it returns is what `window.frontdesk` calls.
 */
import { Api } from './api.js';
import { Conversation } from './conversation.js';
import { Store, backoff, sleep } from './storage.js';
import { stringsFor } from './strings.js';
import { View } from './view.js';

const PATIENCE_MS = 1_500; // for the settings; then the launcher shows with what the page says
const ROOMY = '(min-width: 640px)'; // where an open panel does not cover the page that was just opened

/**
 * @typedef {{
 *   server: string, locale?: string, open: boolean, inline?: string,
 *   theme?: string, color?: string, radius?: string, font?: string, side?: string, spacing?: string,
 * }} Options what the script tag says
 * @param {Options} options
 * @param {(name: string, detail?: unknown) => void} emit
 */
export async function start(options, emit) {
  const api = new Api(options.server);
  const store = new Store(`frontdesk:${options.server}`);
  const session = new Store(`frontdesk:${options.server}`, 'sessionStorage');
  const asking = settings(api);
  look({}, options).catch(() => {}); // the words that are probably wanted come while the settings do
  const site = await Promise.race([asking, sleep(PATIENCE_MS).then(() => null)]);

  const said = site?.locale || options.locale || document.documentElement.lang || navigator.language;
  const locale = said.replace('_', '-').match(/^[A-Za-z0-9-]{2,35}$/)?.[0] ?? 'en';
  /** @type {View | null} */
  let view = null;
  const conversation = new Conversation(api, store, {
    locale, emit, changed: () => view?.update(), forgotten: () => view?.clear(),
  });
  const shown = new View(await look(site ?? {}, options), conversation, { session, emit, inline: options.inline });
  view = shown;
  if (!site) void asking.then(async (late) => shown.configure(await look(late, options)));

  const wasOpen = session.get('open');
  if ((wasOpen ?? options.open) && matchMedia(ROOMY).matches && !options.inline) shown.open({ focus: false });
  setTimeout(() => conversation.resume()); // after the calls that the page has queued, identify above all

  return {
    /** @param {{text?: string}} [how] */
    open: (how) => shown.open({ text: typeof how?.text === 'string' ? how.text : '' }),
    close: () => shown.close(),
    /** @param {import('./api.js').Customer} customer */
    identify(customer) {
      if (customer && typeof customer === 'object') conversation.identify(customer);
      else console.error('frontdesk.identify({identifier, name, email, identifier_hash})');
    },
    reset() {
      shown.close();
      conversation.reset();
    },
  };
}

/** The desk's public settings, asked for until they come. @param {Api} api */
async function settings(api) {
  for (let failures = 1; ; failures++) {
    try {
      return (await api.site()) ?? {};
    } catch {
      await sleep(backoff(failures + 1));
    }
  }
}

/**
 * How the widget presents itself; what the server says wins over what the page says.
 * @param {import('./api.js').Site} site
 * @param {Options} options
 * @returns {Promise<import('./view.js').Look>}
 */
async function look(site, options) {
  const wanted = [site.locale, options.locale, document.documentElement.lang, ...(navigator.languages ?? []), site.language];
  return {
    name: site.name || 'frontdesk',
    welcome: site.welcome ?? '',
    suggested: (site.suggested ?? []).filter((one) => one && typeof one.text === 'string'),
    longest: site.max_text || 4000,
    files: site.files ?? null,
    themes: [typeof site.theme === 'string' ? { mode: site.theme } : (site.theme ?? {}), { ...options, mode: options.theme }],
    ...(await stringsFor(wanted)),
  };
}

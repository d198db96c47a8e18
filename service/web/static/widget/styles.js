/**
 * The widget's looks, as text for a constructable stylesheet (allowed under a strict CSP).
 *
 * The first rule shuts the page's own CSS out: `!important` inside a shadow tree wins over `!important`
 * outside. Colours: `--fill`, `--on-fill` and `--accent` are set by the view from the desk's colour.
 */

/** The panel's grounds, also used to compute readable accents. */
export const GROUND = { light: '#ffffff', dark: '#171a1b' };

export const css = `
:host {
  all: initial !important;
  position: fixed !important;
  inset: auto 0 0 auto !important;
  inline-size: 0 !important;
  block-size: 0 !important;
  display: block !important;
  z-index: 2147483647 !important;
}
:host([data-inline]) {
  position: relative !important;
  inset: auto !important;
  inline-size: 100% !important;
  block-size: 100% !important;
  min-block-size: 320px !important;
  z-index: auto !important;
}
@media print { :host { display: none !important; } }

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }

.root {
  --ground: ${GROUND.light};
  --ink: #1b211f;
  --soft: #5b6461;
  --line: #e5e4df;
  --edge: #85908b;
  --bubble: #f2f1ed;
  --hover: #f4f3ef;
  --warn-ground: #fdf3e1;
  --warn: #6d4a05;
  --bad: #b3261e;
  --good: #2e7d54;
  --wait: #b0720b;
  --shadow: 0 0 0 1px rgb(20 28 25 / 6%), 0 12px 44px rgb(20 28 25 / 18%), 0 2px 8px rgb(20 28 25 / 8%);
  --person: #e8efeb;
  --cloud: min(17px, var(--round));
  --dot: initial;
  --view-height: initial;
  --view-top: initial;
  font: 400 15px/1.45 var(--font);
  color: var(--ink);
  color-scheme: light;
  text-align: start;
  -webkit-font-smoothing: antialiased;
  -webkit-text-size-adjust: 100%;
}
.root[data-theme="dark"] {
  --ground: ${GROUND.dark};
  --ink: #eceeec;
  --soft: #a3aca8;
  --line: #2d3233;
  --edge: #6d7673;
  --bubble: #24292a;
  --hover: #212627;
  --warn-ground: #33290f;
  --warn: #f1cf85;
  --bad: #ff9d94;
  --good: #62c08f;
  --wait: #e5ab4d;
  --shadow: 0 0 0 1px rgb(255 255 255 / 8%), 0 16px 48px rgb(0 0 0 / 55%);
  --person: #26332e;
  color-scheme: dark;
}
@supports (color: color-mix(in srgb, red, blue)) {
  .root { --person: color-mix(in srgb, var(--fill) 11%, var(--ground)); }
  .root[data-theme="dark"] { --person: color-mix(in srgb, var(--fill) 24%, var(--ground)); }
}

button, textarea { font: inherit; color: inherit; letter-spacing: inherit; margin: 0; }
button { background: none; border: 0; padding: 0; cursor: pointer; -webkit-tap-highlight-color: transparent; touch-action: manipulation; }
a { color: inherit; text-decoration: underline; text-underline-offset: 2px; overflow-wrap: anywhere; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.icon { inline-size: 1.5em; block-size: 1.5em; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; display: block; flex: none; }
.icon.i-more { stroke-width: 2.6; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

/* launcher */
.launcher {
  position: fixed;
  inset: auto calc(var(--across) + env(safe-area-inset-right, 0px)) calc(var(--up) + env(safe-area-inset-bottom, 0px)) auto;
  inline-size: 56px; block-size: 56px; border-radius: calc(var(--round) * 1.6);
  display: grid; place-items: center;
  background: var(--fill); color: var(--on-fill);
  box-shadow: 0 0 0 1px rgb(255 255 255 / 14%), 0 6px 22px rgb(20 28 25 / 26%), 0 1px 4px rgb(20 28 25 / 20%);
  transition: transform .16s ease, box-shadow .16s ease;
}
.launcher:hover { transform: translateY(-2px); box-shadow: 0 0 0 1px rgb(255 255 255 / 14%), 0 10px 28px rgb(20 28 25 / 30%), 0 1px 4px rgb(20 28 25 / 20%); }
.launcher:active { transform: scale(.96); }
.launcher:focus-visible { outline: 3px solid var(--fill); outline-offset: 3px; box-shadow: 0 0 0 3px var(--ground), 0 6px 22px rgb(20 28 25 / 26%); }
.launcher .icon { inline-size: 28px; block-size: 28px; grid-area: 1 / 1; transition: opacity .16s ease, transform .16s ease; }
.launcher .i-down, .launcher[aria-expanded="true"] .i-chat { opacity: 0; transform: rotate(-30deg) scale(.7); }
.launcher[aria-expanded="true"] .i-down { opacity: 1; transform: none; }
.unread {
  position: absolute; inset-block-start: -3px; inset-inline-end: -3px;
  min-inline-size: 22px; block-size: 22px; padding-inline: 6px; border-radius: 11px;
  background: #b3261e; color: #fff; border: 2px solid #fff;
  font-size: 12px; font-weight: 650; line-height: 18px; text-align: center; font-variant-numeric: tabular-nums;
}

/* panel */
.panel {
  position: fixed;
  inset: auto calc(var(--across) + env(safe-area-inset-right, 0px)) calc(var(--up) + 70px + env(safe-area-inset-bottom, 0px)) auto;
  inline-size: min(400px, 100vw - var(--across) - 20px);
  block-size: min(640px, 100vh - var(--up) - 90px);
  block-size: min(640px, 100dvh - var(--up) - 90px);
  display: flex; flex-direction: column; overflow: hidden;
  background: var(--ground); border-radius: var(--round); box-shadow: var(--shadow);
  animation: rise .2s cubic-bezier(.2, .8, .3, 1);
}
[data-side="left"] > .launcher, [data-side="left"] > .panel { right: auto; left: calc(var(--across) + env(safe-area-inset-left, 0px)); }
.root.inline { position: absolute; inset: 0; }
.inline > .panel { position: absolute; inset: 0; inline-size: auto; block-size: auto; isolation: isolate; border: 1px solid var(--line); box-shadow: none; animation: none; }
.panel:focus-visible { outline: none; }
@keyframes rise { from { opacity: 0; transform: translateY(10px) scale(.985); } }

.head { display: flex; align-items: center; gap: 12px; padding: 14px 12px 13px 18px; padding-inline: 18px 12px; border-block-end: 1px solid var(--line); flex: none; position: relative; z-index: 2; }
.who { flex: 1; min-inline-size: 0; }
.title { margin: 0; font-size: 15.5px; font-weight: 640; line-height: 1.3; letter-spacing: -.003em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.status { margin: 1px 0 0; display: flex; gap: 6px; font-size: 13px; line-height: 18px; color: var(--soft); }
.status::before { content: ""; inline-size: 8px; block-size: 8px; margin-block-start: 5px; border-radius: 50%; background: var(--dot, var(--good)); flex: none; }
.status[data-status="waiting"] { --dot: var(--wait); }
.status[data-status="waiting"]::before { animation: breathe 1.8s ease-in-out infinite; }
.status[data-status="resolved"], .status[data-status="offline"] { --dot: var(--edge); }
@keyframes breathe { 50% { opacity: .35; } }
.tool { inline-size: 36px; block-size: 36px; border-radius: min(10px, var(--round)); display: grid; place-items: center; color: var(--soft); flex: none; }
.tool:hover, .tool[aria-expanded="true"] { background: var(--hover); color: var(--ink); }
.tools { display: flex; gap: 2px; }

.menu {
  position: absolute; inset-block-start: calc(100% - 6px); inset-inline-end: 12px; z-index: 3;
  min-inline-size: 216px; max-inline-size: calc(100% - 24px); padding: 6px; border-radius: min(12px, var(--round));
  background: var(--ground); box-shadow: var(--shadow);
}
.menu button { display: flex; align-items: center; gap: 10px; inline-size: 100%; padding: 9px 10px; border-radius: min(8px, var(--round)); text-align: start; font-size: 14.5px; }
.menu button:hover, .menu button:focus-visible { background: var(--hover); }
.menu button:focus-visible { outline-offset: -2px; }
.menu .icon { inline-size: 19px; block-size: 19px; color: var(--soft); }
.menu button[aria-disabled="true"] { color: var(--soft); cursor: default; }

.banner { display: flex; align-items: center; gap: 10px; padding: 9px 18px; background: var(--warn-ground); color: var(--warn); font-size: 13.5px; line-height: 1.4; flex: none; }
.banner span { flex: 1; }
.banner button { font-weight: 620; text-decoration: underline; text-underline-offset: 2px; padding: 4px 2px; white-space: nowrap; }
.banner :focus-visible { outline-color: currentColor; }

/* conversation */
.scroll { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 18px 16px 10px; display: flex; flex-direction: column; scrollbar-width: thin; scrollbar-color: var(--line) transparent; }
.scroll:focus-visible { outline-offset: -3px; }
.fill { flex: 1; }
.intro { text-align: center; padding: 0 20px 22px; color: var(--soft); font-size: 14px; text-wrap: balance; }
.intro .crest { inline-size: 52px; block-size: 52px; font-size: 18px; margin: 0 auto 10px; }

.mark { text-align: center; color: var(--soft); font-size: 12.5px; margin-block: 16px 12px; padding-inline: 12px; }
.mark:first-child { margin-block-start: 2px; }
.mark button { color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: 2px; margin-inline-start: 6px; padding: 4px; }
.mark.error { color: var(--bad); }

.row { display: grid; grid-template-columns: 28px minmax(0, 1fr); column-gap: 8px; margin-block-start: 3px; padding-inline-end: 28px; }
.row.first { margin-block-start: 14px; }
.mark + .row.first, .row.first:first-child { margin-block-start: 0; }
.row > * { grid-column: 2; justify-self: start; }
.row > .avatar { grid-area: 2 / 1; align-self: end; visibility: hidden; }
.row.last > .avatar { visibility: visible; }
.avatar { inline-size: 28px; block-size: 28px; border-radius: 50%; display: grid; place-items: center; font-size: 11px; font-weight: 650; letter-spacing: .01em; background: var(--fill); color: var(--on-fill); overflow: hidden; flex: none; user-select: none; -webkit-user-select: none; }
.crest { inline-size: 40px; block-size: 40px; font-size: 14px; }
[data-author="operator"] > .avatar { background: var(--person); color: var(--ink); box-shadow: inset 0 0 0 1px var(--line); }
.name { grid-row: 1; font-size: 12.5px; color: var(--soft); margin-block-end: 4px; margin-inline-start: 2px; }
.row:not(.first) .name, .row[data-author="customer"] .name { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
.bubble { grid-row: 2; max-inline-size: 100%; padding: 8px 13px 9px; border: 1px solid transparent; border-radius: var(--cloud); background: var(--bubble); white-space: pre-wrap; overflow-wrap: anywhere; text-align: start; unicode-bidi: plaintext; }
.row[data-author="operator"] .bubble { background: var(--person); }
.row:not([data-author="customer"]) .bubble { border-start-start-radius: min(6px, var(--round)); border-end-start-radius: min(6px, var(--round)); }
.row.first:not([data-author="customer"]) .bubble { border-start-start-radius: var(--cloud); }
.row[data-author="customer"] { grid-template-columns: minmax(0, 1fr); padding-inline: 44px 0; }
.row[data-author="customer"] > * { grid-column: 1; justify-self: end; }
.row[data-author="customer"] > .avatar { display: none; }
.row[data-author="customer"] .bubble { background: var(--fill); color: var(--on-fill); border-start-end-radius: min(6px, var(--round)); border-end-end-radius: min(6px, var(--round)); }
.row.first[data-author="customer"] .bubble { border-start-end-radius: var(--cloud); }
.row[data-author="customer"] .bubble :focus-visible { outline-color: currentColor; }
.row[data-state="failed"] .bubble { background: transparent; color: var(--ink); border-color: var(--bad); }
.row.new { animation: settle .22s cubic-bezier(.2, .8, .3, 1); }
@keyframes settle { from { opacity: 0; transform: translateY(6px); } }

.meta { grid-row: 3; display: flex; flex-wrap: wrap; align-items: center; gap: 2px 6px; min-block-size: 20px; margin: 3px 2px 0; font-size: 12.5px; line-height: 1.35; color: var(--soft); }
.meta:empty { display: none; }
.row[data-author="customer"] .meta { justify-content: flex-end; text-align: end; }
.state { display: inline-flex; gap: 4px; }
.state .icon { margin-block-start: 2px; inline-size: 14px; block-size: 14px; stroke-width: 2.2; }
.state.bad { color: var(--bad); }
.meta .text { color: var(--accent); font-weight: 600; padding: 3px 2px; text-decoration: underline; text-underline-offset: 2px; }
.thumbs { display: inline-flex; gap: 2px; margin-inline-start: 2px; }
.thumbs button { inline-size: 28px; block-size: 26px; border-radius: 8px; display: grid; place-items: center; color: var(--soft); }
.thumbs button:hover { background: var(--hover); color: var(--ink); }
.thumbs button[aria-pressed="true"] { color: var(--accent); background: var(--person); }
.thumbs button[aria-pressed="true"] .icon { fill: currentColor; fill-opacity: .22; }
.thumbs .icon { inline-size: 16px; block-size: 16px; }
.thumbs button:last-child .icon { transform: rotate(180deg); }

.typing { display: grid; grid-template-columns: 28px auto; justify-content: start; align-items: end; column-gap: 8px; margin-block-start: 14px; animation: settle .2s ease .25s backwards; }
.dots { display: flex; gap: 4px; padding: 14px; border-radius: var(--cloud); background: var(--bubble); }
[data-author="operator"] .dots { background: var(--person); }
.dots i { inline-size: 6px; block-size: 6px; border-radius: 50%; background: var(--soft); animation: hop 1.2s ease-in-out infinite; }
.dots i:nth-child(2) { animation-delay: .15s; }
.dots i:nth-child(3) { animation-delay: .3s; }
@keyframes hop { 0%, 60%, 100% { opacity: .35; transform: none; } 30% { opacity: 1; transform: translateY(-3px); } }

.choices { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; margin: 14px 0 4px; padding-inline-start: 36px; }
.choices button {
  padding: 7px 14px 8px; border-radius: var(--round); border: 1px solid var(--edge); font-size: 14.5px; line-height: 1.35;
  background: var(--ground); color: var(--accent); font-weight: 500; text-align: start; overflow-wrap: anywhere; transition: background .12s ease, border-color .12s ease;
}
.choices button:hover { background: var(--person); border-color: var(--accent); }

.skeleton { display: grid; gap: 10px; padding-block: 8px; }
.skeleton i { block-size: 38px; inline-size: 62%; border-radius: var(--cloud); background: var(--bubble); animation: breathe 1.6s ease-in-out infinite; }
.skeleton i:nth-child(2) { inline-size: 44%; justify-self: end; }
.skeleton i:nth-child(3) { inline-size: 74%; }

.jump { position: absolute; inset-block-end: 100%; inset-inline: 0; margin: 0 auto 10px; inline-size: fit-content; display: flex; align-items: center; gap: 4px; padding: 6px 14px 6px 10px; border-radius: 16px; background: var(--ground); color: var(--ink); box-shadow: var(--shadow); font-size: 13.5px; font-weight: 570; }
.jump .icon { inline-size: 18px; block-size: 18px; }

/* composer */
.foot { position: relative; flex: none; padding: 10px 12px calc(12px + env(safe-area-inset-bottom, 0px)); }
.panel:not(.full) .foot { padding-block-end: 12px; }
.composer { display: flex; align-items: flex-end; gap: 6px; padding: 4px; border: 1px solid var(--edge); border-radius: calc(var(--round) * 1.35); background: var(--ground); cursor: text; transition: border-color .12s ease, box-shadow .12s ease; }
.composer:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.composer textarea { flex: 1; min-inline-size: 0; resize: none; border: 0; background: none; padding: 7px 4px 8px 12px; padding-inline: 12px 4px; block-size: 38px; max-block-size: 138px; line-height: 23px; font-size: 15px; overflow-y: hidden; scrollbar-width: thin; }
.composer textarea:focus-visible { outline: none; }
.composer textarea::placeholder { color: var(--soft); opacity: 1; }
.send { inline-size: 38px; block-size: 38px; border-radius: calc(var(--round) * 1.1); display: grid; place-items: center; background: var(--fill); color: var(--on-fill); flex: none; transition: background .12s ease; }
.send .icon { inline-size: 20px; block-size: 20px; stroke-width: 2.1; }
.send[aria-disabled="true"] { background: var(--bubble); color: var(--soft); cursor: default; }
.counter { margin: 6px 12px 0; font-size: 12.5px; color: var(--soft); text-align: end; font-variant-numeric: tabular-nums; }
.counter.over { color: var(--bad); font-weight: 600; }

/* a small screen, or a large zoom: the panel takes it all */
[data-side] > .panel.full {
  inset: var(--view-top, 0px) 0 auto 0;
  inline-size: 100%; block-size: 100vh; block-size: var(--view-height, 100dvh);
  border-radius: 0; box-shadow: none;
}
.panel.full .head { padding-block-start: calc(12px + env(safe-area-inset-top, 0px)); }
.panel.full .composer textarea { font-size: 16px; }
.root.covered .launcher { display: none; }
@media (max-height: 620px) { .intro { display: none; } }
@media (max-height: 420px) {
  .head { padding-block: 6px; }
  .head .crest { inline-size: 30px; block-size: 30px; font-size: 11px; }
  .scroll { padding-block-start: 10px; }
}
@media (max-width: 359px) {
  .head { gap: 10px; padding-inline: 12px 8px; }
  .head .crest { inline-size: 34px; block-size: 34px; font-size: 12px; }
  .scroll { padding-inline: 12px; }
  .row { padding-inline-end: 8px; }
  .row[data-author="customer"] { padding-inline-start: 28px; }
  .choices { padding-inline-start: 0; }
}
@media (pointer: coarse) {
  .thumbs button { inline-size: 36px; block-size: 34px; }
  .tool { inline-size: 44px; block-size: 44px; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .panel, .bubble, .launcher, .menu, .send { border: 1px solid CanvasText; }
  .avatar, .dots i { forced-color-adjust: none; }
}
`;

/**
 * Gives a shadow root looks, further ones besides those that it has. Browsers without constructable stylesheets
 * get a <style> element.
 * @param {ShadowRoot} root @param {string} looks
 */
export function dress(root, looks) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(looks);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch {
    const style = document.createElement('style');
    style.textContent = looks;
    root.append(style);
  }
}

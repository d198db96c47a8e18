/** The looks of files, added to the widget's own when they are needed. */
export const css = `
.clip { inline-size: 38px; block-size: 38px; border-radius: calc(var(--round) * 1.1); }
.clip .icon { inline-size: 21px; block-size: 21px; }
.clip ~ textarea { padding-inline-start: 2px; }
.tray { display: grid; gap: 6px; max-block-size: min(240px, 40vh); overflow-y: auto; margin: 0 0 8px; padding: 1px; list-style: none; }
.tray li { display: flex; align-items: center; gap: 8px; padding: 4px 4px 4px 8px; padding-inline: 8px 4px; border: 1px solid var(--line); border-radius: min(12px, var(--round)); font-size: 13.5px; }
.tray li[data-state="failed"] { border-color: var(--bad); }
.tray img { inline-size: 32px; block-size: 32px; border-radius: min(6px, var(--round)); object-fit: cover; flex: none; }
.tray > li > .icon { inline-size: 20px; block-size: 20px; margin: 6px; color: var(--soft); }
.tray-words { flex: 1; min-inline-size: 0; display: grid; gap: 2px; line-height: 1.3; }
.tray-words bdi, .paper bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tray-words small, .paper small { font-size: 12.5px; color: var(--soft); }
.tray [data-state="failed"] small, .tray-problem { color: var(--bad); }
.tray-problem { margin: 0 4px 8px; font-size: 13.5px; overflow-wrap: anywhere; }
.tray progress { inline-size: 100%; block-size: 6px; accent-color: var(--accent); }
.tray .text { color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: 2px; padding: 6px 4px; }
.row > .files { grid-row: 3; max-inline-size: 100%; display: flex; flex-wrap: wrap; gap: 6px; margin: 0; padding: 0; list-style: none; }
.row[data-author="customer"] > .files { justify-content: flex-end; }
.bubble:not([hidden]) + .files { margin-block-start: 4px; }
.files ~ .meta { grid-row: 4; }
.files li { min-inline-size: 0; max-inline-size: 100%; }
.picture { display: grid; place-items: center; min-inline-size: 44px; min-block-size: 44px; max-inline-size: 100%; overflow: hidden; border-radius: min(14px, var(--round)); background: var(--bubble); box-shadow: 0 0 0 1px var(--line); cursor: zoom-in; }
.picture img { display: block; max-inline-size: 100%; block-size: auto; object-fit: contain; color: transparent; }
.paper { display: flex; align-items: center; gap: 8px; max-inline-size: 100%; min-block-size: 40px; padding: 6px 12px; border: 1px solid var(--edge); border-radius: min(14px, var(--round)); background: var(--ground); font-size: 14px; }
.paper:hover { background: var(--hover); }
.paper .icon { inline-size: 18px; block-size: 18px; color: var(--soft); }
.paper bdi { min-inline-size: 0; }
.paper small { flex: none; }
.over::after { content: attr(data-drop); position: absolute; inset: 8px; z-index: 4; display: grid; place-items: center; padding: 24px; text-align: center; border: 2px dashed var(--accent); border-radius: var(--round); background: var(--person); font-weight: 600; pointer-events: none; }
.viewer { max-inline-size: none; max-block-size: none; inline-size: 100%; block-size: 100%; margin: 0; padding: 0; border: 0; background: rgb(0 0 0 / 82%); color: #fff; overflow: hidden; }
.viewer[open] { display: grid; grid-template-rows: auto minmax(0, 1fr); }
.viewer > div { display: flex; justify-content: flex-end; gap: 4px; padding: 8px; }
.viewer .tool { color: #fff; inline-size: 44px; block-size: 44px; }
.viewer .tool:hover { background: rgb(255 255 255 / 18%); }
.viewer :focus-visible { outline-color: #fff; }
.viewer img { max-inline-size: 100%; max-block-size: 100%; margin: auto; padding: 0 12px 12px; object-fit: contain; }
@media (pointer: coarse) { .clip { inline-size: 44px; block-size: 44px; } }
@media (forced-colors: active) { .tray li, .paper, .picture { border: 1px solid CanvasText; } }
`;

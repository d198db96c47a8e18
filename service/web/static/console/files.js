/**
 * The files of a message, as operators see them: pictures small, everything else as a name to download. The
 * browser's own cookie opens them, so that no address holds a secret; what is not a picture is never opened here.
 */

import { h, icon } from "./dom.js";

/** @import {FileShape, Message} from "./types.js" */

const SIDE = 220; // px of a picture in a conversation
const UNITS = ["B", "kB", "MB", "GB"];

/** @param {Message} message @returns {HTMLElement|null} */
export function filesOf({ files }) {
  if (!files?.length) return null;
  return h("ul", { class: "files", role: "list", "aria-label": files.length > 1 ? `${files.length} files` : "File", "data-testid": "files" },
    files.map((file) => h("li", {}, file.width && file.height ? pictureOf(file, file.width, file.height) : paperOf(file))));
}

/** What a message says where only words fit. @param {Message} message */
export function gist({ text, files }) {
  return text || (files ?? []).map(({ name }) => name).join(", ");
}

/** @param {FileShape} file @param {number} width @param {number} height */
function pictureOf(file, width, height) {
  const scale = Math.min(1, SIDE / width, SIDE / height);
  const image = h("img", {
    src: `${addressOf(file)}/preview`, alt: file.name, loading: "lazy", decoding: "async",
    width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)),
  });
  const link = h("a", { class: "file-picture", href: addressOf(file), target: "_blank", rel: "noopener", title: `${file.name}, ${sizeWords(file.size)}`, "data-testid": "file-picture" }, image);
  image.addEventListener("error", () => link.replaceWith(paperOf(file)), { once: true });
  return link;
}

/** @param {FileShape} file */
function paperOf(file) {
  return h("a", { class: "file-paper", href: addressOf(file), download: file.name, "data-testid": "file-paper" },
    icon("paper"), h("span", { class: "file-name" }, h("bdi", {}, file.name)), h("span", { class: "file-size" }, sizeWords(file.size)));
}

/** @param {FileShape} file */
const addressOf = ({ id }) => `/api/v1/files/${encodeURIComponent(id)}`;

/** @param {number} bytes */
export function sizeWords(bytes) {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${value.toFixed(step && value < 10 ? 1 : 0)} ${UNITS[step]}`;
}

/**
 * The console's beginning: who is there, the frame around the views, and the wires between them.
 */

import { openAgreement } from "./agreement.js";
import "./alarms.js";
import { ApiError, call, explain, get, onExpired } from "./api.js";
import { loadCanned, openCanned, readyReplies, WHOSE } from "./canned.js";
import "./content.js";
import "./conversation.js";
import { openCorrection, settleAll } from "./correction.js";
import { openDevice } from "./device.js";
import { fill, h, icon } from "./dom.js";
import { forgetExamples } from "./edit_drafts.js";
import "./inbox.js";
import { assign, merge, snooze, tag } from "./moves.js";
import { bind, listen, paletteKeys, sendKeys, showHelp } from "./keys.js";
import { Live } from "./live.js";
import { hearMessage, hearTicket, learnMine, noteOwn } from "./notify.js";
import { offer, onTicket, openPalette } from "./palette.js";
import { forgetPresent, heardCustomer, leave as leavePresence, lookAt, people, setPresent } from "./presence.js";
import "./releases.js";
import "./reports.js";
import { resolve } from "./resolving.js";
import { address, go, onMove, place } from "./router.js";
import { loadContent, session } from "./session.js";
import "./review.js";
import "./settings.js";
import "./saved.js";
import "./signin.js";
import { act, possible, publish } from "./tickets.js";
import { tick } from "./time.js";
import { toast } from "./toast.js";
import { SHOWN, VIEWS } from "./views.js";
import { initials, title } from "./words.js";

/** @import {DeskAlarms} from "./alarms.js" */
/** @import {DeskConversation} from "./conversation.js" */
/** @import {DeskContent} from "./content.js" */
/** @import {DeskInbox} from "./inbox.js" */
/** @import {DeskReleases} from "./releases.js" */
/** @import {DeskReports} from "./reports.js" */
/** @import {DeskReview} from "./review.js" */
/** @import {DeskSettings} from "./settings.js" */
/** @import {DeskSaved} from "./saved.js" */
/** @import {DeskSignIn} from "./signin.js" */
/** @import {Conflict, Operator, Ticket} from "./types.js" */
/** @import {Verb} from "./tickets.js" */
/** @import {ViewName} from "./views.js" */


/** How long a connection may be away before we say so. */
const PATIENCE = 1500;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const find = (id) => /** @type {T} */ (document.getElementById(id));

const page = {
  signIn: /** @type {DeskSignIn} */ (find("sign-in")),
  app: find("app"),
  nav: find("nav"),
  banner: find("banner"),
  alarms: /** @type {DeskAlarms} */ (find("alarms")),
  inbox: /** @type {DeskInbox} */ (find("inbox")),
  conversation: /** @type {DeskConversation} */ (find("conversation")),
  content: /** @type {DeskContent} */ (find("content")),
  releases: /** @type {DeskReleases} */ (find("releases")),
  reports: /** @type {DeskReports} */ (find("reports")),
  review: /** @type {DeskReview} */ (find("review")),
  settings: /** @type {DeskSettings} */ (find("settings")),
};

/** @type {Record<import("./router.js").Place["page"], string>} */
const TITLES = { inbox: "Inbox", content: "Content", review: "Review", releases: "Releases", settings: "Settings", reports: "Reports" };

const saved = /** @type {DeskSaved} */ (document.createElement("desk-saved"));
saved.filter = () => page.inbox.filter;

const live = new Live("/api/v1/events");
let deskName = "frontdesk";

// --- who is there ------------------------------------------------------------------------------------

async function begin() {
  try {
    enter((await get("/sessions")).operator);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) askWho();
    else showUnreachable(error);
  }
}

/** @param {Operator} operator */
function enter(operator) {
  if (session.operator && session.operator.id !== operator.id) return location.reload();
  session.operator = operator;
  document.body.dataset.state = "in";
  page.signIn.hidden = true;
  page.app.hidden = false;
  drawNav();
  follow(place());
  void page.inbox.refresh();
  void page.alarms.refresh();
  void page.review.refresh();
  loadCanned().catch(() => {}); // the list of replies says so itself when it is opened
  loadContent().catch((error) => toast(`Intents could not be loaded. ${explain(error)}`, { tone: "bad", label: "Try again", act: () => void loadContent() }));
  live.start();
}

/** @param {string} [notice] */
function askWho(notice) {
  live.stop();
  showBanner(null);
  page.alarms.clear();
  document.querySelectorAll("dialog[open]").forEach((dialog) => /** @type {HTMLDialogElement} */ (dialog).close());
  document.body.dataset.state = "out";
  page.app.hidden = true;
  page.signIn.hidden = false;
  page.signIn.ask(notice);
  document.title = "Sign in · frontdesk";
}

async function signOut() {
  await leavePresence();
  try {
    await call("DELETE", "/sessions");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) {
      lookAt(page.conversation.ticketId || null);
      return toast(`You are still signed in. ${explain(error)}`, { tone: "bad" });
    }
  }
  live.stop();
  location.hash = "#/";
  location.reload();
}

/** @param {unknown} error */
function showUnreachable(error) {
  document.body.dataset.state = "away";
  page.app.hidden = true;
  const retry = h("button", { class: "button primary", type: "button", onclick: () => { wall.remove(); void begin(); } }, "Try again");
  const wall = h("main", { class: "wall", role: "alert", "data-testid": "unreachable" },
    h("h1", {}, "The desk is not there"), h("p", {}, explain(error)), retry);
  document.body.append(wall);
}

page.signIn.addEventListener("signed-in", (event) => enter(/** @type {CustomEvent} */ (event).detail));
onExpired(() => {
  if (document.body.dataset.state === "in") askWho("Your session has ended. What you wrote is kept.");
});

// --- the frame ---------------------------------------------------------------------------------------

function drawNav() {
  const { operator } = session;
  const skip = (/** @type {Event} */ event) => {
    event.preventDefault();
    find("main").focus();
  };
  fill(page.nav,
    h("a", { class: "skip", href: "#/", onclick: skip }, "Skip to the tickets"),
    h("a", { class: "brand", href: "#/", title: deskName }, h("span", { class: "mark", "aria-hidden": "true" }), h("span", { class: "brand-name" }, deskName)),
    h("ul", { class: "views", role: "list", "aria-label": "Inbox" },
      SHOWN.map((name) => h("li", {}, h("button", {
        class: "view", type: "button", data: { view: name }, "data-testid": `view-${name}`, onclick: () => showView(name),
      }, icon(VIEWS[name].icon), h("span", {}, VIEWS[name].label), h("span", { class: "count" })))),
      h("li", { class: "views-saved" }, saved),
      h("li", { class: "views-gap" }, h("a", { class: "view", href: "#/review", id: "nav-review", "data-testid": "nav-review" }, icon("review"), h("span", {}, "Review"), h("span", { class: "count" }))),
      h("li", {}, h("a", { class: "view", href: "#/content", id: "nav-content", "data-testid": "nav-content" }, icon("book"), h("span", {}, "Content"))),
      h("li", {}, h("a", { class: "view", href: "#/releases", id: "nav-releases", "data-testid": "nav-releases" }, icon("stack"), h("span", {}, "Releases"))),
      h("li", {}, h("a", { class: "view", href: "#/reports", id: "nav-reports", "data-testid": "nav-reports" }, icon("chart"), h("span", {}, "Reports"))),
      h("li", {}, h("button", { class: "view", type: "button", "data-testid": "nav-agreement", onclick: () => openAgreement(askWhatElse) }, icon("scales"), h("span", {}, "Agreement")))),
    h("div", { class: "me" },
      h("span", { class: "avatar", title: `${operator?.name ?? ""} · ${operator?.email ?? ""}` }, initials(operator?.name ?? "")),
      h("span", { class: "me-name" }, h("span", { "data-testid": "operator" }, operator?.name ?? ""),
        h("span", { class: "pulse", id: "pulse", "data-testid": "live" }, "Connecting")),
      h("a", { class: "icon-button", href: "#/settings/account", id: "nav-settings", "aria-label": "Settings", title: "Settings and my account", "data-testid": "nav-settings" }, icon("settings")),
      h("button", { class: "icon-button", type: "button", "aria-label": "This device", title: "Notifications on this device", "data-testid": "device-button", onclick: openDevice }, icon("bell")),
      h("button", { class: "icon-button", type: "button", "aria-label": "Keyboard help", title: "Keyboard (?)", "data-testid": "help-button", onclick: showHelp }, icon("question")),
      h("button", { class: "icon-button", type: "button", "aria-label": "Sign out", title: "Sign out", "data-testid": "sign-out", onclick: signOut }, icon("leave"))));
  markNav();
  drawCounts();
  drawPulse();
}

function markNav() {
  const { page: where } = place();
  for (const button of page.nav.querySelectorAll("button.view[data-view]")) {
    const here = where === "inbox" && /** @type {HTMLElement} */ (button).dataset.view === page.inbox.filter.view;
    button.setAttribute("aria-pressed", String(here));
    if (here) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  saved.mark(where === "inbox" ? page.inbox.filter.saved : "");
  for (const name of ["content", "review", "releases", "settings", "reports"]) {
    const link = document.getElementById(`nav-${name}`);
    if (where !== name) {
      link?.removeAttribute("aria-current");
      continue;
    }
    link?.setAttribute("aria-current", "page");
    link?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function drawCounts() {
  const { counts } = page.inbox;
  const waiting = page.nav.querySelector("#nav-review .count");
  if (waiting) waiting.textContent = page.review.open_ ? String(page.review.open_) : "";
  if (!counts) return;
  for (const [name, view] of Object.entries(VIEWS)) {
    const badge = page.nav.querySelector(`[data-view="${name}"] .count`);
    const count = view.count(counts);
    if (badge) badge.textContent = count ? (count > 9999 ? "9999+" : String(count)) : "";
  }
  drawTitle();
}

function drawTitle() {
  const open = page.inbox.counts?.open ?? 0;
  document.title = `${open ? `(${open}) ` : ""}${TITLES[place().page]} · ${deskName}`;
}

/** @param {Conflict} conflict @param {() => void} saved */
function askWhatElse(conflict, saved) {
  const [{ text, message_id: id, at }] = conflict.said;
  openCorrection({ id, text, at, seq: 0, author: "customer", conflict }, undefined, saved, { save: settleAll });
}

/** @param {ViewName} view */
function showView(view) {
  page.inbox.show(view);
  if (place().page !== "inbox" || isNarrow()) go({ page: "inbox", id: null });
  markNav();
}

const isNarrow = () => matchMedia("(max-width: 859px)").matches;

/** @param {import("./router.js").Place} to */
function follow(to) {
  document.body.dataset.page = to.page;
  find("page-title").textContent = TITLES[to.page];
  document.body.dataset.open = String(Boolean(to.id));
  if (isNarrow()) delete document.body.dataset.details;
  lookAt(to.page === "inbox" ? to.id : null);
  page.releases.show(to.page === "releases");
  if (to.page === "settings") page.settings.open(to.id);
  page.reports.show(to.page === "reports");
  if (to.page === "content") page.content.open(to);
  else if (to.page === "review") page.review.open(to.id);
  else if (to.page === "inbox") {
    const before = page.conversation.ticketId;
    page.conversation.open(to.id);
    page.inbox.setCurrent(to.id);
    if (to.id && before !== to.id) requestAnimationFrame(() => page.conversation.focusTitle());
    if (!to.id && before) page.inbox.focusRow(before);
  }
  markNav();
  drawTitle();
}

onMove((to) => {
  if (document.body.dataset.state === "in") follow(to);
});
page.inbox.addEventListener("counts", drawCounts);
page.inbox.addEventListener("counts", () => saved.refreshSoon());
page.inbox.addEventListener("filter", markNav);
page.inbox.addEventListener("save", () => void saved.save(page.inbox.filter));
saved.addEventListener("show", (event) => {
  page.inbox.showSaved(/** @type {CustomEvent} */ (event).detail);
  if (place().page !== "inbox" || isNarrow()) go({ page: "inbox", id: null });
});
page.review.addEventListener("count", drawCounts);
page.settings.addEventListener("renamed", drawNav);
page.conversation.addEventListener("seen", (event) => page.inbox.patch(/** @type {CustomEvent} */ (event).detail));

// --- live --------------------------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout>|undefined} */
let patience;
let opened = 0;

function refetch() {
  void page.inbox.refresh();
  void page.conversation.refresh();
  void page.alarms.refresh();
  void page.review.refresh();
}

/** @param {string|null} words */
function showBanner(words) {
  clearTimeout(patience);
  page.banner.hidden = !words;
  fill(page.banner, words && [h("span", {}, words),
    h("button", { class: "link", type: "button", onclick: () => live.retryNow() }, "Try now")]);
}

function drawPulse() {
  const pulse = document.getElementById("pulse");
  if (!pulse) return;
  pulse.dataset.live = String(live.live);
  pulse.textContent = live.live ? "Live" : "Connecting";
}

live.addEventListener("state", () => {
  if (!live.live) forgetPresent();
  drawPulse();
  clearTimeout(patience);
  if (live.live) showBanner(null);
  else if (page.banner.hidden && live.running) {
    patience = setTimeout(() => showBanner(navigator.onLine
      ? "Connection lost, reconnecting. What you see may be out of date."
      : "You are offline. What you write is kept."), PATIENCE);
  }
});
live.addEventListener("opened", () => {
  forgetPresent(); // the stream tells who is there, if anybody is
  void learnMine();
  if (opened++ > 0 || page.inbox.loaded) refetch();
});
live.addEventListener("ticket", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  hearTicket(detail.ticket ?? detail);
  publish(detail.ticket ?? detail);
});
live.addEventListener("message", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  hearMessage(detail);
  if (detail.message.author === "customer") heardCustomer(detail.conversation_id);
  page.conversation.applyMessage(detail);
});
live.addEventListener("presence", (event) => setPresent(/** @type {CustomEvent} */ (event).detail));
live.addEventListener("canned", () => void loadCanned().catch(() => {}));
people.addEventListener("change", (event) => {
  for (const id of /** @type {CustomEvent<string[]>} */ (event).detail) page.inbox.patch(id);
});
live.addEventListener("correction", (event) => page.conversation.applyLabel(/** @type {CustomEvent} */ (event).detail));
live.addEventListener("feedback", (event) => page.conversation.applyLabel(/** @type {CustomEvent} */ (event).detail));
live.addEventListener("erased", (event) => {
  const { tickets: gone } = /** @type {CustomEvent<{tickets: string[]}>} */ (event).detail;
  for (const id of gone) page.conversation.forget(id);
  page.inbox.forget(gone);
  forgetExamples();
  void page.review.refresh();
});
live.addEventListener("assigned", (event) => {
  const { to, by, ticket_id: id } = /** @type {CustomEvent} */ (event).detail;
  if (to !== session.operator?.id || by.id === to) return;
  toast(`${by.name} assigned a ticket to you.`, { label: "Open", act: () => go({ page: "inbox", id }) });
});
live.addEventListener("tags", () => {
  void page.inbox.refresh();
  page.conversation.refreshSoon();
});
live.addEventListener("views", () => void saved.refresh());
live.addEventListener("alarm", (event) => page.alarms.apply(/** @type {CustomEvent} */ (event).detail.alarm));
live.addEventListener("review", (event) => page.review.tell(/** @type {CustomEvent} */ (event).detail.open));
live.addEventListener("content", () => void loadContent().catch(() => {}));

let hiddenAt = 0;
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") hiddenAt = Date.now();
  else if (document.body.dataset.state === "in" && Date.now() - hiddenAt > 10_000) {
    tick(true);
    refetch();
  }
});
addEventListener("online", () => {
  if (document.body.dataset.state === "in") refetch();
});

// --- keyboard ----------------------------------------------------------------------------------------

/** The ticket that a key means: the row that has the focus, else the one that is open. @returns {Ticket|undefined} */
function meant() {
  return page.inbox.focused() ?? page.conversation.detail?.ticket ?? page.inbox.known.get(page.inbox.cursor);
}

/** @param {Verb} verb */
function press(verb) {
  if (place().page === "inbox" && page.inbox.selection?.size) return void page.inbox.selection.press(verb);
  const ticket = place().page === "inbox" ? meant() : undefined;
  if (!ticket) return;
  if (possible(ticket).includes(verb)) {
    if (verb === "claim") go({ page: "inbox", id: ticket.id });
    noteOwn(ticket.id);
    if (verb === "resolve") void resolve(ticket);
    else void act(verb, ticket);
  } else if (ticket.owner && ticket.status === "claimed") {
    toast(verb === "claim" ? `${ticket.owner.id === session.operator?.id ? "You have" : `${ticket.owner.name} has`} this already.`
      : `${ticket.owner.name} is handling this.`);
  }
}

/** The same for what needs a choice: of the selected tickets, else of the one that a key means. @param {(list: Ticket[]) => Promise<Ticket[]>} act_ */
function choose(act_) {
  if (place().page !== "inbox") return;
  const { selection } = page.inbox;
  if (selection?.size) return void selection.do(act_);
  const ticket = meant();
  if (ticket) void act_([ticket]);
}

/** @param {Ticket[]} list */
async function mergeOne(list) {
  if (list.length === 1) return merge(list[0]);
  toast("Select one ticket: they are merged one at a time.");
  return [];
}

let opening = false;

/** @param {"reply"|"note"} mode */
function write(mode) {
  const ticket = place().page === "inbox" ? meant() : undefined;
  if (!ticket) return;
  if (page.conversation.detail?.ticket.id === ticket.id) return page.conversation.composer?.write(mode);
  go({ page: "inbox", id: ticket.id });
  // Until the composer is there, what is typed must not be taken for shortcuts.
  const done = () => {
    clearTimeout(limit);
    opening = false;
    page.conversation.removeEventListener("seen", once);
  };
  const once = () => {
    if (page.conversation.detail?.ticket.id !== ticket.id) return;
    requestAnimationFrame(() => {
      done();
      page.conversation.composer?.write(mode);
    });
  };
  opening = true;
  const limit = setTimeout(done, 5000);
  page.conversation.addEventListener("seen", once);
}

/** Close the uppermost thing. */
function leave() {
  const active = document.activeElement;
  if (active instanceof HTMLElement && ["INPUT", "TEXTAREA", "SELECT"].includes(active.tagName)) return active.blur();
  if (page.inbox.selection?.size) return page.inbox.selection.clear();
  if (document.body.dataset.details === "yes" && matchMedia("(max-width: 1279px)").matches) return page.conversation.toggleDetails();
  if (place().id) go({ ...place(), id: null });
}

const inInbox = (/** @type {() => void} */ act_) => () => {
  if (place().page === "inbox") act_();
};
const inReview = (/** @type {() => void} */ act_) => () => {
  if (place().page === "review") act_();
};
const move = (/** @type {number} */ step) => () => {
  if (place().page === "review") page.review.move(step);
  else if (place().page === "content") page.content.move(step);
  else if (place().page === "inbox") page.inbox.move(step);
};

bind("Inbox", [
  ["j", "Next", move(1), undefined, () => false],
  ["k", "Previous", move(-1), undefined, () => false],
  ["ArrowDown", "", move(1)],
  ["ArrowUp", "", move(-1)],
  ["Enter", "Open it", () => {
    if (place().page === "review") return page.review.enter();
    if (place().page !== "inbox") return /** @type {HTMLElement|null} */ (document.activeElement)?.click();
    const ticket = page.inbox.focused() ?? page.inbox.known.get(page.inbox.cursor);
    const active = document.activeElement;
    if (active && active !== document.body && active.matches("button, a, [role=button], summary")) /** @type {HTMLElement} */ (active).click();
    else if (ticket) go({ page: "inbox", id: ticket.id });
  }, undefined, () => false],
  ["x", "Select", inInbox(() => page.inbox.pick()), undefined, () => false],
  ["A", "Select all that are listed", inInbox(() => page.inbox.selection?.all()), "⇧ a"],
  ["f", "Filter", inInbox(() => page.inbox.openMenu())],
  ["/", "Search", () => {
    if (place().page === "content") return page.content.search?.focus();
    if (place().page !== "inbox") return;
    if (isNarrow() && place().id) {
      go({ page: "inbox", id: null });
      document.body.dataset.open = "false";
    }
    // At once, not with the next frame: the letters that follow are words to search, not shortcuts.
    page.inbox.focusSearch();
  }],
]);
/** Whether a verb is possible now, for the palette. @param {Verb} verb */
const can = (verb) => () => {
  const ticket = place().page === "inbox" ? meant() : undefined;
  return Boolean(ticket && possible(ticket).includes(verb));
};
const isOpen = () => place().page === "inbox" && Boolean(page.conversation.detail);
const isAny = () => place().page === "inbox" && Boolean(page.inbox.selection?.size || meant());
const isReviewing = () => place().page === "review";
/** @param {number} at */
const offered = (at) => () => isOpen() && Boolean(page.conversation.composer?.suggestions[at]);

bind("Ticket", [
  ["c", "Claim", () => press("claim"), undefined, can("claim")],
  ["r", "Reply", () => write("reply"), undefined, isOpen],
  ["n", "Note for colleagues", () => write("note"), undefined, isOpen],
  ["1", "Take a suggested reply", inInbox(() => page.conversation.composer?.take(0)), "1 2 3", offered(0)],
  ["2", "", inInbox(() => page.conversation.composer?.take(1))],
  ["3", "", inInbox(() => page.conversation.composer?.take(2))],
  ["a", "Assign", () => choose(assign), undefined, isAny],
  ["s", "Snooze", () => choose(snooze), undefined, isAny],
  ["t", "Tags", () => choose(tag), undefined, isAny],
  ["m", "Merge into another", () => choose(mergeOne), undefined, isAny],
  ["e", "Resolve", () => press("resolve"), undefined, can("resolve")],
  ["b", "Return to the bot", () => press("return"), undefined, can("return")],
  ["", "Reopen", () => press("reopen"), undefined, can("reopen")],
  ["i", "Details", inInbox(() => page.conversation.toggleDetails()), undefined, isOpen],
]);
bind("Writing", [
  ["", "Canned replies and templates", null, "/"],
  ["", "Send", null, sendKeys.join(" ")],
  ["", "Send and resolve", null, [sendKeys[0], "Shift", "Enter"].join(" ")],
  ["", "Leave the text; it is kept", null, "Esc"],
  ["", "Edit canned replies", () => openCanned()],
]);
bind("Review", [
  ["Enter", "Accept", () => {}, undefined, () => false],
  ["l", "Choose an intent", inReview(() => page.review.choose()), undefined, isReviewing],
  ["d", "Dismiss", inReview(() => void page.review.dismiss()), undefined, isReviewing],
]);
bind("Anywhere", [
  ["", "Commands: do, go or find anything", null, paletteKeys],
  ["?", "This sheet", showHelp],
  ["Escape", "Close, or go back", leave, "Esc", () => false],
  ["", "This device: notifications, quiet hours", openDevice],
  ["", "Sign out", () => void signOut()],
]);

// --- the palette: places, tickets at hand, replies -----------------------------------------------------

onTicket((ticket) => go({ page: "inbox", id: ticket.id }));
offer(() => [...page.nav.querySelectorAll(".views :is(a, button), #nav-settings")].map((link) => ({
  section: "Go to", label: link.querySelector("span")?.textContent ?? link.getAttribute("aria-label") ?? "", act: () => /** @type {HTMLElement} */ (link).click(),
})));
offer(() => (isOpen() ? readyReplies().map((ready) => ({
  section: "Reply with", label: ready.label, more: WHOSE[ready.kind], act: () => page.conversation.composer?.insert(ready),
})) : session.templates.map(({ name, intent }) => ({
  section: "Content", label: title(name), more: `template of ${title(intent)}`, act: () => go({ page: "content", id: intent }),
}))));
offer(() => session.intents.map(({ name, title: says }) => ({
  section: "Content", label: title(name), more: says, act: () => go({ page: "content", id: name }),
})));
listen(() => document.body.dataset.state === "in" && !opening, openPalette);

// --- begin -------------------------------------------------------------------------------------------

get("/site").then((site) => {
  if (!site?.name) return;
  deskName = site.name;
  if (session.operator) {
    drawNav();
    drawTitle();
  }
}).catch(() => {});
void begin();

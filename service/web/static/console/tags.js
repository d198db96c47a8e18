/**
 * Leads and admins keep the desk's tags in order: renamed, coloured, removed. Every console hears of it.
 */

import { explain, get, put, remove } from "./api.js";
import { ask, choose } from "./choose.js";
import { toast } from "./toast.js";
import { plural, title } from "./words.js";

/** @import {Tag} from "./types.js" */

/** Choose a tag and what to do with it. */
export async function manageTags() {
  try {
    const { tags, colors } = await get("/tags");
    const chosen = await choose({
      title: "Manage tags", placeholder: "Find a tag", empty: "There is no tag yet.",
      choices: tags.map((/** @type {Tag & {tickets: number}} */ tag) => ({ label: tag.name, color: tag.color, hint: plural(tag.tickets, "active ticket"), value: tag })),
    });
    if (chosen) await manage(chosen.value, colors);
  } catch (error) {
    toast(explain(error), { tone: "bad" });
  }
}

/** @param {Tag} tag @param {string[]} colors */
async function manage({ id, name, color }, colors) {
  const path = `/tags/${encodeURIComponent(id)}`;
  const answer = await choose({
    title: name, placeholder: "What to do",
    choices: [
      { label: "Rename", image: "pencil", value: "rename" },
      ...colors.map((one) => ({ label: title(one), color: one, on: one === color, value: { color: one } })),
      { label: "Remove from every ticket", image: "close", value: "remove" },
    ],
  });
  if (!answer) return;
  if (answer.value === "remove") {
    const sure = await choose({
      title: `Remove ${name} from every ticket, for good?`, placeholder: "Sure?",
      choices: [{ label: "Keep it", image: "back", value: false }, { label: "Remove", image: "close", value: true }],
    });
    if (!sure?.value) return;
    await remove(path);
    toast(`${name} was removed.`);
  } else if (answer.value === "rename") {
    const given = await ask({ title: "Rename", label: "Name", value: name, action: "Rename" });
    if (!given) return;
    await put(path, { name: given.text });
    toast("Renamed.");
  } else {
    await put(path, answer.value);
  }
}

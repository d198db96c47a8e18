/**
 * A short sound of two tones, made by the browser itself: there is no file. Browsers allow it only after
 * the page was touched once, so the first touch wakes it.
 */

/** @type {AudioContext|null} */
let context = null;

/** Called by a click or a key; without one, browsers keep silent. */
export function wake() {
  if (!("AudioContext" in window)) return;
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => {});
}

/** Play it, if the browser lets us. */
export function chime() {
  if (!context) return;
  for (const [at, pitch] of [[0, 660], [0.14, 880]]) tone(context, context.currentTime + at, pitch);
}

/** @param {AudioContext} context @param {number} at in seconds @param {number} pitch in Hz */
function tone(context, at, pitch) {
  const source = context.createOscillator();
  const volume = context.createGain();
  source.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + 0.32);
}

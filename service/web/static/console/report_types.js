/**
 * The shapes of a report, for the type checker. Nothing runs here.
 *
 * @typedef {{count: number, median: number|null, p90: number|null}} Quantiles
 *
 * @typedef {object} Figures
 * @property {number} conversations
 * @property {Record<"customer"|"desk"|"operator", number>} messages
 * @property {Record<"total"|"answer"|"clarify"|"ask"|"handoff"|"none", number>} turns
 * @property {Quantiles} first_response
 * @property {Quantiles} resolution
 * @property {{count: number, of: number, share: number|null, low: number, high: number}} precision
 * @property {{count: number, average: number|null, helpful: number, unhelpful: number, stars: number[]}} ratings
 * @property {Record<string, number>} handoff_reasons
 * @property {{intent: string, turns: number, answered: number, asked: number, handed_over: number, answered_share: number|null,
 *   negative: number, neutral: number, positive: number}[]} intents
 *
 * @typedef {{at: string, turns: number, answered: number, asked: number, handed_over: number,
 *   negative: number, neutral: number, positive: number}} SeriesPoint
 *
 * @typedef {object} Details
 * @property {{unit: "hour"|"day"|"month", points: SeriesPoint[]}} series
 * @property {number[][]} hours
 * @property {{operator: {id: string, name: string}, conversations: number, replies: number, resolved: number,
 *   first_response: Quantiles, ratings: {count: number, average: number|null}}[]} operators
 * @property {{template: string, used: number, helpful: number, unhelpful: number}[]} templates
 * @property {{templates: string[], intents: string[]}} unused
 * @property {Figures} [before]
 *
 * @typedef {Figures & Details} Report
 */
export {};

/**
 * Which of a few colours a contributor has on this page. Those that are shown together differ as far as there are colours;
 * who has one keeps it as long as it is shown. It helps the eye and proves nothing.
 */

/** Number 0 is our own. */
export const COLOURS = 8
export const OWN_COLOUR = 0

/**
 * @param before the colours so far
 * @param shown the contributors that are shown now, ourselves not among them; others lose their colour
 */
export function withColours(
  before: ReadonlyMap<string, number>,
  shown: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  if (before.size === shown.size && [...shown].every((siteId) => before.has(siteId))) return before
  const colours = new Map([...before].filter(([siteId]) => shown.has(siteId)))
  const users = Array.from<number>({ length: COLOURS }).fill(0)
  users[OWN_COLOUR] = Infinity
  const use = (colour: number) => (users[colour] = (users[colour] ?? 0) + 1)
  for (const colour of colours.values()) use(colour)
  for (const siteId of shown) {
    if (colours.has(siteId)) continue
    const colour = users.indexOf(Math.min(...users))
    colours.set(siteId, colour)
    use(colour)
  }
  return colours
}

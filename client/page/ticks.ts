/** Where the lines of an axis go: at round numbers, as many as have room. */

/** Steps within a power of ten. */
const DECIMAL_STEPS = [1, 2, 5]
/** Steps of seconds that people count in. */
const TIME_STEPS = [1, 5, 10, 15, 30, 60]

/** Multiples of 1, 2 or 5 of a power of ten from 0 up to `end`. @param most how many of them, 0 not counted */
export function decimalTicks(end: number, most: number): number[] {
  const least = end / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(least))
  const step = power * (DECIMAL_STEPS.find((factor) => factor * power >= least) ?? 10)
  return multiples(step, end)
}

/** Seconds before now, as negative numbers and 0, from the past to now. @param most how many of them, 0 not counted */
export function secondsTicks(windowSeconds: number, most: number): number[] {
  const least = windowSeconds / Math.max(1, most)
  const step = TIME_STEPS.find((seconds) => seconds >= least) ?? Math.ceil(least / 60) * 60
  return multiples(step, windowSeconds)
    .map((seconds) => 0 - seconds)
    .toReversed()
}

function multiples(step: number, end: number): number[] {
  const count = Math.floor(end / step + 1e-9)
  // Rounded, since 3 × 0.1 is not 0.3.
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)))
}

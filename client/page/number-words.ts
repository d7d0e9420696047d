/** Numbers for people. */

const format = new Intl.NumberFormat('en')

/** `2,099`. */
export function numberWords(value: number): string {
  return format.format(value)
}

/** `1 task`, `2,099 tasks`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${numberWords(count)} ${count === 1 ? singular : plural}`
}

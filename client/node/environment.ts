/** The variables of the process, as they were when it began. */

export type Environment = Readonly<Record<string, string | undefined>>

/** An empty variable is an unset one: that is how shells and container files clear them. */
export function variable(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined
}

/** The items of a variable that has several, separated by commas. */
export function listOf(text = ''): string[] {
  return text.split(',').flatMap((item) => item.trim() || [])
}

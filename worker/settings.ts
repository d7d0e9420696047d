/** What an operator can configure: bindings and vars from wrangler.toml, and secrets that need not exist. */

/** `wrangler types` cannot know of secrets that are optional. */
interface OptionalSecrets {
  readonly EDGE_NET_TURN_SECRET?: string
  readonly EDGE_NET_CLOUDFLARE_TURN_KEY_ID?: string
  readonly EDGE_NET_CLOUDFLARE_TURN_KEY_TOKEN?: string
  readonly EDGE_NET_METRICS_TOKEN?: string
}

/** `wrangler types` gives vars the type of their present value; an operator gives them others. */
type Configured<T> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] }

export type Settings = Configured<Env> & OptionalSecrets

/** The items of a comma-separated setting. */
export function listOf(setting: string): string[] {
  return setting
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/**
 * The text of `argon2-thread.ts` with all that it imports. A text, because the code that a page imports is one file, which may
 * come from another origin than the page. The build puts it here; the sources as they are have none, and so has Node.
 */
export const ARGON2_THREAD_CODE: string | undefined = undefined

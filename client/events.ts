/** Typed events. A handler that throws disturbs no other handler; its error goes where the owner says. */

export interface ListenOptions {
  /** Stops listening when it aborts. */
  readonly signal?: AbortSignal
}

export class Emitter<Events extends object> {
  readonly #handlers = new Map<keyof Events, Set<(event: never) => unknown>>()
  readonly #onHandlerError: (error: unknown, type: keyof Events) => void

  constructor(onHandlerError: (error: unknown, type: keyof Events) => void) {
    this.#onHandlerError = onHandlerError
  }

  /** Calls `handler` for every event of the type. Returns a function that stops it. */
  on<Type extends keyof Events>(
    type: Type,
    handler: (event: Events[Type]) => unknown,
    { signal }: ListenOptions = {},
  ): () => void {
    const handlers = this.#handlers.get(type) ?? new Set()
    this.#handlers.set(type, handlers)
    const off = () => void handlers.delete(handler)
    if (signal?.aborted) return off
    handlers.add(handler)
    signal?.addEventListener('abort', off, { once: true })
    return off
  }

  /** Calls every handler of the type; false when there is none. */
  emit<Type extends keyof Events>(type: Type, event: Events[Type]): boolean {
    const handlers = this.#handlers.get(type)
    for (const handler of handlers ?? []) this.call(handler as (event: Events[Type]) => unknown, event, type)
    return (handlers?.size ?? 0) > 0
  }

  /** Calls one handler; what it throws goes where all errors of handlers go. */
  call<Type extends keyof Events>(handler: (event: Events[Type]) => unknown, event: Events[Type], type: Type): void {
    try {
      const result = handler(event)
      if (result instanceof Promise) result.catch((error: unknown) => this.#onHandlerError(error, type))
    } catch (error) {
      this.#onHandlerError(error, type)
    }
  }

  clear(): void {
    this.#handlers.clear()
  }
}

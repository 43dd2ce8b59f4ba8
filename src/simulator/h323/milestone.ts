type Outcome<T> = { readonly reached: true; readonly value: T } | { readonly reached: false; readonly error: () => Error };

/**
 * Something that happens once, or cannot happen any more. Waiting for it is optional: a failure that nobody waits for is no rejection, and a
 * promise is only made for those who ask, as most calls of a load run have nobody watching.
 */
export class Milestone<T> {
  #outcome: Outcome<T> | undefined;
  #promise: Promise<T> | undefined;
  #settle: ((outcome: Outcome<T>) => void) | undefined;

  get promise(): Promise<T> {
    this.#promise ??= this.#makePromise();
    return this.#promise;
  }

  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  reach(value: T): void {
    this.#end({ reached: true, value });
  }

  /** `error` is made when somebody waits. */
  miss(error: () => Error): void {
    this.#end({ reached: false, error });
  }

  #end(outcome: Outcome<T>): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#settle?.(outcome);
  }

  #makePromise(): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#settle = (outcome) => (outcome.reached ? resolve(outcome.value) : reject(outcome.error()));
      if (this.#outcome) this.#settle(this.#outcome);
    });
    promise.catch(() => undefined);
    return promise;
  }
}

/** Why a value could not be read or written. */
export class PerError extends Error {
  /** The words of the refusal alone: `message` adds where it happened. */
  readonly reason: string;
  /** From the type on, by the names of the Recommendation: `RasMessage.admissionRequest.srcInfo[2]`. */
  readonly path: string;
  /** How many bits in front of the fault were understood; undefined when a value was to be encoded. */
  readonly bit: number | undefined;

  constructor(reason: string, path: string, bit?: number) {
    super(bit === undefined ? `${path}: ${reason}` : `${path}: ${reason} (bit ${bit})`);
    this.name = 'PerError';
    this.reason = reason;
    this.path = path;
    this.bit = bit;
  }
}

/**
 * A fault on its way out of the value it lies in. Each level adds its step: nothing is spent on paths while all is well. Not an Error, as
 * a stack trace says nothing here and costs more than the rest of reading a broken message.
 */
export class Fault {
  private readonly steps: string[] = [];

  constructor(
    readonly reason: string,
    readonly bit?: number,
  ) {}

  /** @param step `.field` or `[index]` */
  inside(step: string): this {
    this.steps.push(step);
    return this;
  }

  toError(root: string): PerError {
    return new PerError(this.reason, root + this.steps.reverse().join(''), this.bit);
  }
}

/** For a `catch`: adds a step to a fault and leaves anything else as it is. */
export function within(error: unknown, step: string): unknown {
  return error instanceof Fault ? error.inside(step) : error;
}

/** A value that the type does not allow. */
export function refuse(reason: string): never {
  throw new Fault(reason);
}

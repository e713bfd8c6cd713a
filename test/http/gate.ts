/** Holds somebody up until it is opened. */
export interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
}

export function newGate(): Gate {
  let resolveOpened: (() => void) | undefined
  const opened = new Promise<void>((resolve) => (resolveOpened = resolve))
  return { opened, open: () => resolveOpened?.() }
}

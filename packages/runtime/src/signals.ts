/** Resolves with the name of the first of these signals that this process gets. Later ones are left to the system. */
export function untilSignal(...names: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const heard = (name: NodeJS.Signals) => {
      for (const other of names) process.removeListener(other, heard)
      resolve(name)
    }
    for (const name of names) process.on(name, heard)
  })
}

/** A list that a caller or a provider made long would not fit on the stack, as the arguments of one `push`. */
export function append<T>(list: T[], more: Iterable<T>): void {
  for (const one of more) list.push(one)
}

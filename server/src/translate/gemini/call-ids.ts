/**
 * Calls of functions and their results belong together by an id, which older clients of Gemini leave out: then by their
 * name and order. The same conversation gets the same ids each time.
 */
export interface CallIds {
  ofCall(given: string | undefined, name: string): string
  ofResult(given: string | undefined, name: string): string
}

export function createCallIds(): CallIds {
  let made = 0
  const answered = new Set<string>()
  const waiting = new Map<string, { readonly ids: string[]; next: number }>()

  return {
    ofCall(given, name) {
      const id = given ?? `call_nr_${made++}`
      const calls = waiting.get(name)
      if (calls === undefined) waiting.set(name, { ids: [id], next: 0 })
      else calls.ids.push(id)
      return id
    },
    ofResult(given, name) {
      if (given !== undefined) {
        answered.add(given)
        return given
      }
      const calls = waiting.get(name)
      if (calls === undefined) return `call_nr_${made++}`
      while (answered.has(calls.ids[calls.next] ?? '')) calls.next++
      return calls.ids[calls.next++] ?? `call_nr_${made++}`
    },
  }
}

/** An id as a dialect's clients expect it: the provider's own behind the right beginning, or ours. */
export function idWith(beginning: string, given: string, requestId: string): string {
  const bare = (given === '' ? requestId : given).replace(/^(?:chatcmpl-|msg_|resp_|gen-)/, '')
  return beginning + bare.replace(/[^A-Za-z0-9_-]/g, '')
}

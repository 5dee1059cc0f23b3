/** The caller went away: nobody is there to be answered, and nobody is to blame. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft'
}

import type { AnswerOutlet } from './outlet.ts'

/** An outlet on the way to another one, which all goes to that the former does not see to itself. */
export abstract class PassingOutlet implements AnswerOutlet {
  abstract readonly streams: boolean
  protected readonly to: AnswerOutlet

  constructor(to: AnswerOutlet) {
    this.to = to
  }

  get begun(): boolean {
    return this.to.begun
  }

  get status(): number {
    return this.to.status
  }

  tell(name: string, value: string): void {
    this.to.tell(name, value)
  }

  endWith(last: string): void {
    this.to.endWith(last)
  }

  breakOff(last: string): void {
    this.to.breakOff(last)
  }

  abstract write(bytes: Buffer): boolean
  abstract end(held: readonly Buffer[], more?: readonly string[]): void
}

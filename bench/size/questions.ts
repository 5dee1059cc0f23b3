import { aboutKeys } from './about-keys.ts'
import { aboutLogs } from './about-logs.ts'
import { aboutOverview } from './about-overview.ts'
import { aboutSums } from './about-sums.ts'
import { aboutTheRest } from './about-the-rest.ts'
import type { Askers, Question } from './question.ts'

/** Everything that is asked of a large installation. */
export function questionsFor(askers: Askers): readonly Question[] {
  return [
    ...aboutKeys(askers),
    ...aboutLogs(askers),
    ...aboutSums(askers),
    ...aboutOverview(askers),
    ...aboutTheRest(askers),
  ]
}

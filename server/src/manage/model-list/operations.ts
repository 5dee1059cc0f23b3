import type { Rooms } from '../rooms.ts'
import { listModels } from './list.ts'
import { listOwnModels } from './own.ts'

/** The public list of models, and one's own. */
export const modelListOperations = (rooms: Rooms) => [listModels(rooms), listOwnModels(rooms)]

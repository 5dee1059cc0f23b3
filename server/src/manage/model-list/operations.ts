import type { Rooms } from '../rooms.ts'
import { listModels } from './list.ts'

/** The public list of models. */
export const modelListOperations = (rooms: Rooms) => [listModels(rooms)]

import Type, { type TProperties } from 'typebox'

const STANDARD_SIZE = 20
const LARGEST_SIZE = 100
/** Far beyond any list, and its product with a page size is still an exact integer. */
const LAST_PAGE = 1_000_000_000

const number = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: LAST_PAGE, description }))

/** The query members of every list. */
export const pageQuery = {
  p: number('Page, from 1. 0 means 1.'),
  page_size: number(`Records a page, ${STANDARD_SIZE} unless told, at most ${LARGEST_SIZE}.`),
  ps: number('The same as page_size.'),
  size: number('The same as page_size.'),
}

/** What was asked for, and what that means for a query. */
export interface Page {
  readonly page: number
  readonly pageSize: number
  readonly skip: number
}

interface PageWords {
  readonly p?: number
  readonly page_size?: number
  readonly ps?: number
  readonly size?: number
}

/** Reads the page out of a query that was made with `pageQuery`. More than the cap is the cap (contract 2.3). */
export function pageOf(query: PageWords): Page {
  const page = query.p || 1
  const pageSize = Math.min(
    query.page_size || query.ps || query.size || STANDARD_SIZE,
    LARGEST_SIZE,
  )
  return { page, pageSize, skip: (page - 1) * pageSize }
}

/** `data` of a list. */
export function pageOfItems(page: Page, total: number, items: readonly unknown[]) {
  return { page: page.page, page_size: page.pageSize, total, items }
}

/** Its schema, for OpenAPI. */
export function pageSchema<P extends TProperties>(item: Type.TObject<P>) {
  return Type.Object({
    page: Type.Integer(),
    page_size: Type.Integer(),
    total: Type.Integer(),
    items: Type.Array(item),
  })
}

/** Room for half a line above: the uppermost figure stands at its line, not below it. */
export const CHART_MARGIN = { top: 8 } as const

/** Of as many names as fit; the same distance lies between any two. */
export const X_AXIS = { interval: 'equidistantPreserveStart', minTickGap: 16 } as const

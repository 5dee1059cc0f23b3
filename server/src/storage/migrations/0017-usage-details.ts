/** What few calls used: see usage/details.ts. */
export const usageDetails = 'alter table usage add column details text;'

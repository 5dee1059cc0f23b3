import { settleFunctions } from '../../postgres/settle-functions.ts'

/**
 * What few calls used: see usage/details.ts. The settling function has two parameters more; the former one stays for nodes
 * that still run.
 */
export const usageDetails = `
alter table usage add column details text collate "C";
${settleFunctions}
`

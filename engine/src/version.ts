/** The version of Coppice, from the one place that states it. */

import { version } from '../../package.json';

export { version };

/** As it is written into models and reports. */
export const toolName = `Coppice ${version}`;

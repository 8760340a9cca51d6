/** The language server over Node IPC or `--stdio`; the same bundle is the thread that reads models. */

import { isMainThread } from 'node:worker_threads';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { modelThreadOnDemand, serveModelTasks, startModelThread } from './models/model-thread';
import { startServer } from './server';

if (isMainThread) {
  startServer(createConnection(ProposedFeatures.all), {
    reading: startModelThread(__filename),
    advice: modelThreadOnDemand(__filename),
  });
} else {
  serveModelTasks();
}

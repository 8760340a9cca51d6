/** Runs: started and stopped by the client, told of as they go on. */

import { basename, join } from 'node:path';
import {
  analyzeSensitivityRequest,
  cancelRunNotification,
  compressRequest,
  runFinishedNotification,
  runProgressNotification,
  type CompressParams,
  type RunFinished,
  type RunProgress,
} from '#protocol/messages';
import { prepareRun, type RunWhat } from '../runs/prepare-run';
import { prepareSensitivity } from '../runs/prepare-sensitivity';
import { RunJobs, type JobListener, type JobOutcome } from '../runs/run-jobs';
import { uriOf, type Workspace } from '../workspace';
import { fileOf, onRequest, refusal } from './custom-request';
import type { Feature, ServerContext } from './feature';

export const runs: Feature = {
  id: 'runs',
  capabilities: {},
  register(server) {
    const { connection, workspace } = server;
    // The job's bundle lies beside the server's in `dist/`.
    const jobs = new RunJobs(join(__dirname, 'job.js'));
    onRequest(server, compressRequest, (params) => {
      if (!workspace.trusted) throw refusal('Nothing is run in a workspace that is not trusted.');
      const { token } = params;
      const request = prepareRun(whatOf(params, workspace));
      const { folder } = request;
      if (jobs.isRunning(folder)) throw refusal(`The run ${basename(folder)} is going on already.`);
      jobs.start(token, request, listenerFor(token, folder, server));
      return { run: basename(folder), folder };
    });
    onRequest(server, analyzeSensitivityRequest, ({ token, model: uri, data }) => {
      if (!workspace.trusted) throw refusal('Nothing is run in a workspace that is not trusted.');
      const request = prepareSensitivity(
        fileOf(uri),
        data === null ? undefined : fileOf(data),
        workspace,
      );
      if (!request) return { started: false };
      const { folder } = request;
      if (jobs.isRunning(folder)) throw refusal('Its sensitivity is being measured already.');
      const listener = listenerFor(token, folder, server);
      jobs.start(token, request, {
        ...listener,
        finished(outcome) {
          void workspace.sensitivity.read(request.model);
          listener.finished(outcome);
        },
      });
      return { started: true };
    });
    connection.onNotification(cancelRunNotification.method, ({ token }: { token: string }) => {
      jobs.cancel(token);
    });
    workspace.onClose(() => jobs.killAll());
  },
};

/** Tells the client of a job under way. */
function listenerFor(
  token: string,
  folder: string,
  { connection, workspace }: ServerContext,
): JobListener {
  return {
    progress(message, fraction) {
      const progress: RunProgress = { token, message, fraction };
      void connection.sendNotification(runProgressNotification.method, progress);
    },
    finished(outcome) {
      const finished: RunFinished = { token, folder, ...describe(outcome) };
      void connection.sendNotification(runFinishedNotification.method, finished);
      workspace.changed();
    },
  };
}

function whatOf(params: CompressParams, workspace: Workspace): RunWhat {
  if ('recipe' in params) return { recipe: fileOf(params.recipe) };
  const model = fileOf(params.model);
  const { finetune, ...target } = params.target;
  const teacher = finetune?.teacher === undefined ? {} : { teacher: fileOf(finetune.teacher) };
  const tuned = finetune && { finetune: { epochs: finetune.epochs, ...teacher } };
  return { model, target: { ...target, ...tuned }, folder: workspace.folderOf(model) };
}

function describe(outcome: JobOutcome): Pick<RunFinished, 'outcome' | 'report' | 'message'> {
  switch (outcome.kind) {
    case 'done': {
      const message = outcome.missed;
      const report = uriOf(outcome.reportFile);
      return { outcome: message === null ? 'done' : 'targetMissed', report, message };
    }
    case 'measured':
      return { outcome: 'done', report: null, message: null };
    case 'cancelled':
      return { outcome: 'cancelled', report: null, message: outcome.kept };
    case 'failed':
      return { outcome: 'failed', report: null, message: outcome.message };
  }
}

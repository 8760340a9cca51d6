/** The programs that are sent to other machines, one for each language: files beside this one, or in `dist/agents`. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const files = { python: 'agent.py', node: 'agent.js' } as const;

export type AgentLanguage = keyof typeof files;

export function isAgentLanguage(text: string): text is AgentLanguage {
  return text in files;
}

export function agentSource(language: AgentLanguage): Buffer {
  const name = files[language];
  const beside = join(__dirname, name);
  return readFileSync(existsSync(beside) ? beside : join(__dirname, 'agents', name));
}

import { describe, expect, it } from '@jest/globals';
import { readServiceFacts, readTopics } from './rules.js';
import { topicRightsProblems, topicTableProblems } from './policies/topics.js';
import { readSettings } from './settings.js';

describe('what the charts say of the services', () => {
  it('has the topics that services live by', () => {
    expect(topicTableProblems(readTopics())).toEqual([]);
  });

  it('lets each service read the topics that it consumes, and no others', () => {
    expect(topicRightsProblems(readTopics(), readServiceFacts())).toEqual([]);
  });

  it('names as neighbours the services that their settings ask for', () => {
    const settings = readSettings();
    const asked = [...readServiceFacts()].map(([service, { neighbours }]) => {
      const names = [...(settings.get(service)?.keys() ?? [])].filter((name) => name.endsWith('_GRPC_ADDRESS'));
      const wanted = names.map((name) => name.replace('_GRPC_ADDRESS', '').toLowerCase().replaceAll('_', '-'));
      return [service, { wanted: wanted.toSorted(), given: [...neighbours].toSorted() }] as const;
    });
    for (const [service, { wanted, given }] of asked) expect([service, given]).toEqual([service, wanted]);
  });
});

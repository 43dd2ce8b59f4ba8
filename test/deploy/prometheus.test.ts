import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectRoot, readCompose } from '../support/deploy.js';
import { Program } from '../support/processes.js';

const deploy = join(projectRoot, 'deploy');
const read = (path: string): unknown => parse(readFileSync(join(deploy, path), 'utf8'));

describe('Prometheus and Grafana', () => {
  it('promtool finds nothing wrong with the configuration and its rules', async () => {
    const program = await Program.start('promtool', ['check', 'config', join(deploy, 'prometheus/prometheus.yml')]);
    await program.exits(0);
    expect(program.output).toContain('2 rules found');
  });

  it('scrapes every instance of compose.yaml', async () => {
    const { services } = await readCompose(deploy);
    const instances = Object.keys(services).filter((name) => name.startsWith('portvakt-'));
    expect(read('prometheus/prometheus.yml')).toMatchObject({
      scrape_configs: [{ job_name: 'portvakt', static_configs: [{ targets: instances.map((name) => `${name}:8080`) }] }, {}],
    });
  });

  it('Grafana asks the Prometheus of compose.yaml, and finds dashboards where they are mounted', async () => {
    const { services } = await readCompose(deploy);
    expect(read('grafana/provisioning/datasources/prometheus.yaml')).toMatchObject({ datasources: [{ url: 'http://prometheus:9090' }] });
    const provider = read('grafana/provisioning/dashboards/portvakt.yaml');
    expect(provider).toMatchObject({ providers: [{ options: { path: '/etc/grafana/dashboards' } }] });
    expect(services.grafana?.volumes).toContain('./grafana/dashboards:/etc/grafana/dashboards:ro');
  });
});

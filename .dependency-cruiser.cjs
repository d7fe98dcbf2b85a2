/**
 * The order of imports (docs/architecture.md): what is decided knows nothing of how it is carried out. A type import counts like
 * any other, so no circle hides behind `import type`.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    rule('no-cycles', 'two files that need each other are one idea', {}, { circular: true }),
    rule(
      'config-decides-nothing',
      'what was asked is read without knowing what is planned',
      { path: '^agent/(config|capture|keys)/' },
      { path: '^agent/(plan|host|stages|commands)/' },
    ),
    rule(
      'plan-is-pure',
      'a plan is data: it opens no file, starts no program and knows no stage',
      { path: '^agent/plan/' },
      { path: '^agent/(host|stages|commands)/' },
    ),
    rule(
      'setup-is-pure',
      "the guided installation asks; carrying out is the stages' part",
      { path: '^agent/setup/' },
      { path: '^agent/(host|stages|commands)/' },
    ),
    rule(
      'screen-is-pure',
      'what stands where on a screen is a function of a state',
      { path: '^agent/screen/' },
      { path: '^agent/(host|stages|commands|plan)/' },
    ),
    rule(
      'host-knows-no-stage',
      'the doors open for everyone alike',
      { path: '^agent/host/' },
      {
        path: '^agent/(stages/|commands/|[^/]+\\.ts$)',
        pathNot: '^agent/(arch|clean-text|errors|facts|format|paths|redact-tokens|secret|variants)\\.ts$',
      },
    ),
    rule(
      'agent-stands-alone',
      'what runs on the machine needs nothing of what builds or tests it',
      { path: '^agent/' },
      { path: '^(image|test)/' },
    ),
    rule('image-is-no-test', 'the image is built without the tests', { path: '^image/' }, { path: '^test/' }),
    rule(
      'one-door-each',
      'programs, files and HTTP have one door each: agent/host/, image/lib/ (eslint.config.mjs has node:net)',
      {
        path: '^(agent|image)/',
        pathNot: '^(agent/host/(exec|files|http|lock|tcp)|image/lib/files)\\.ts$|^image/start\\.mjs$',
      },
      {
        path: '^(child_process|fs|fs/promises|http|https|http2|dgram|tls|dns|dns/promises|worker_threads|cluster)$|/node-fetch/',
      },
    ),
    rule('nothing-unresolved', 'an import that leads nowhere', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.json', '.nix'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};

function rule(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

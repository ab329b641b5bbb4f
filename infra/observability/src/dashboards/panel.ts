import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Units as Grafana names them. */
export type Unit = 'short' | 'reqps' | 'ops' | 's' | 'ms' | 'bytes' | 'Bps' | 'percentunit' | 'none';

export interface PanelQuery {
  readonly expr: string;
  /** What a line is called: `{{job}}`. */
  readonly legend: string;
}

export interface PanelSpec {
  readonly title: string;
  /** What it shows and what to think of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly PanelQuery[];
  /** lines unless told; stat: one number a line. */
  readonly kind?: 'lines' | 'areas' | 'stat';
  /** From this value on it is drawn in yellow, in red. */
  readonly warnFrom?: number;
  readonly badFrom?: number;
  /** Share of the width, of 24. */
  readonly width?: number;
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** A choice at the top of a dashboard: the values of a label of a metric. */
export interface ChoiceSpec {
  readonly name: string;
  readonly label: string;
  readonly metric: string;
}

export interface DashboardSpec {
  /** File and uid. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly choices: readonly ChoiceSpec[];
  readonly rows: readonly RowSpec[];
}

export interface NamedDashboard {
  readonly name: string;
  readonly spec: DashboardSpec;
  readonly dashboard: Dashboard;
}

const DATA: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };
const HEIGHT = 7;
const STAT_HEIGHT = 4;
const WIDTH = 8;

/** The dashboard as Grafana reads it. */
export function build(spec: DashboardSpec): NamedDashboard {
  const { name, title, description, choices, rows } = spec;
  const builder = new DashboardBuilder(`DailyDoco / ${title}`)
    .uid(`dailydoco-${name}`)
    .description(description)
    .tags(['dailydoco'])
    .timezone('browser')
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .link(othersLink())
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const choice of choices) builder.withVariable(choiceOf(choice));
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panelOf(panel));
  }
  return { name, spec, dashboard: builder.build() };
}

function othersLink(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('DailyDoco')
    .type(DashboardLinkType.Dashboards)
    .tags(['dailydoco'])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

function choiceOf({ name, label, metric }: ChoiceSpec): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA)
    .query(`label_values(${metric}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+');
}

function panelOf(spec: PanelSpec): { build(): Panel } {
  return spec.kind === 'stat' ? statOf(spec) : seriesOf(spec);
}

function seriesOf(spec: PanelSpec): TimeSeriesBuilder {
  const areas = spec.kind === 'areas';
  const panel = new TimeSeriesBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(DATA)
    .unit(spec.unit)
    .min(0)
    .height(HEIGHT)
    .span(spec.width ?? WIDTH)
    .lineWidth(1)
    .fillOpacity(areas ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .thresholds(thresholdsOf(spec))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(lineStyleOf(spec)));
  if (areas) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  for (const [index, query] of spec.queries.entries()) panel.withTarget(queryOf(query, index));
  return panel;
}

function statOf(spec: PanelSpec): StatBuilder {
  const panel = new StatBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(DATA)
    .unit(spec.unit)
    .height(STAT_HEIGHT)
    .span(spec.width ?? WIDTH)
    .thresholds(thresholdsOf(spec))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  for (const [index, query] of spec.queries.entries()) panel.withTarget(queryOf(query, index));
  return panel;
}

function lineStyleOf({ warnFrom, badFrom }: PanelSpec): GraphThresholdsStyleMode {
  return warnFrom === undefined && badFrom === undefined
    ? GraphThresholdsStyleMode.Off
    : GraphThresholdsStyleMode.Dashed;
}

function thresholdsOf({ warnFrom, badFrom }: PanelSpec): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: 'green' }];
  if (warnFrom !== undefined) steps.push({ value: warnFrom, color: 'yellow' });
  if (badFrom !== undefined) steps.push({ value: badFrom, color: 'red' });
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

function queryOf({ expr, legend }: PanelQuery, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(DATA)
    .refId(String.fromCodePoint('A'.codePointAt(0)! + index))
    .expr(expr)
    .legendFormat(legend)
    .range();
}

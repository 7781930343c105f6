namespace Temper.Reporting.Documents;

/// <summary>Style sheet of reports, with light and dark themes.</summary>
internal static class StyleSheet
{
    internal const string Text = """

        :root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6878; --line: #e1e5ec; --page: #f6f7f9; --card:
          #ffffff; --code: #f1f3f6;
          --c1: #2f6fdb; --c2: #d9583b; --c3: #2a9268; --c4: #8a5cd1; --c5: #c2851a; --c6: #2b98b0; --good: #2a9268;
          --bad: #d04a3a; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #9aa5b5; --line: #2c3440; --page:
          #12161c; --card: #1a2029; --code: #232a35;
          --c1: #6ea0f5; --c2: #ee8468; --c3: #5cc397; --c4: #b392ec; --c5: #e0b04f; --c6: #63c3d8; --good: #5cc397;
          --bad: #ef7b6c; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe
          UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
        main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 28px; }
        h1 { font-size: 27px; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; margin: 0; }
        .subtitle { color: var(--soft); margin: 6px 0 26px; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px 22px;
          margin: 0 0 18px; break-inside: avoid-page; }
        h2 { font-size: 16px; font-weight: 650; margin: 0 0 14px; }
        p { margin: 0 0 12px; max-width: 78ch; color: var(--soft); }
        .warning { border-left: 4px solid var(--bad); padding: 8px 14px; color: var(--ink); background: color-mix(in
          srgb, var(--bad) 8%, var(--card)); border-radius: 6px; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
        .key { border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px 13px; }
        .key-label { color: var(--soft); font-size: 13px; }
        .key-value { font-size: 26px; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
        .key-note { color: var(--soft); font-size: 12.5px; min-height: 1.5em; }
        .charts { display: grid; gap: 20px; }
        .charts.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); }
        figure { margin: 0; }
        figcaption { font-size: 13.5px; font-weight: 600; margin: 0 0 4px; }
        .chart { display: block; width: 100%; max-width: 760px; height: auto; font-size: 12px; }
        .chart text { fill: var(--soft); font-variant-numeric: tabular-nums; }
        .chart .label, .chart .legend, .chart .value { fill: var(--ink); }
        .chart .value { font-size: 11px; }
        .chart .end { text-anchor: end; }
        .chart .middle, .chart .note { text-anchor: middle; }
        .chart .note-left { font-size: 11px; }
        .chart .on { fill: var(--card); }
        .chart .grid { stroke: var(--line); stroke-width: 1; }
        .chart .axis { stroke: var(--soft); stroke-width: 1; }
        .chart .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
        .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c:
          var(--c5); } .c6 { --c: var(--c6); }
        .chart .fill { fill: var(--c); } .chart .line { stroke: var(--c); }
        .scroll { overflow-x: auto; margin-top: 8px; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
        th { text-align: left; color: var(--soft); font-weight: 600; font-size: 13px; }
        th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th:last-child, td:last-child { padding-right: 0; }
        tbody tr:last-child td { border-bottom: 0; }
        .number { text-align: right; }
        .drawing { overflow-x: auto; margin: 8px 0; }
        .drawing img { display: block; min-width: 100%; background: #fff; }
        .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 10px; }
        .picture { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: 12px; line-height:
          1.35; }
        .picture img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: #000;
          image-rendering: pixelated; }
        .picture span { display: block; padding: 5px 8px 6px; color: var(--soft); }
        .picture.right { border-color: color-mix(in srgb, var(--good) 55%, var(--line)); } .picture.right span { color:
          var(--good); }
        .picture.wrong { border-color: var(--bad); } .picture.wrong span { color: var(--bad); }
        pre { background: var(--code); border-radius: 8px; padding: 12px 16px; margin: 0 0 12px; overflow-x: auto;
          font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0 0 12px; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
        section > :last-child { margin-bottom: 0; }
        footer { color: var(--soft); font-size: 13px; padding: 4px 2px; }
        @media (max-width: 600px) {
          main { padding: 18px 10px; } section { padding: 14px 12px; } h1 { font-size: 21px; overflow-wrap: anywhere; }
          dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0 8px; }
          figure { overflow-x: auto; } .chart { min-width: 560px; }
          th:first-child, td:first-child { position: sticky; left: 0; background: var(--card); max-width: 45vw;
          white-space: normal; overflow-wrap: anywhere; }
        }
        @media print { body { background: none; } section { border-color: #ccc; } }

        """;
}

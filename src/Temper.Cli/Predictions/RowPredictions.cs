using System.Globalization;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Runs;
using Temper.Data.Tables;
using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Predictions;

/// <summary>The prediction of a row of a table.</summary>
/// <param name="Row">Number of the row in its file, from 1; the names of the columns do not count.</param>
/// <param name="Best">The most likely classes, with the path of the file.</param>
/// <param name="Probabilities">Probabilities of all classes, in the order of their indices.</param>
internal sealed record RowPrediction(int Row, Prediction Best, IReadOnlyList<float> Probabilities)
{
    internal JsonObject ToJson()
    {
        JsonObject fields = Best.ToJson();
        fields["row"] = Row;
        fields["probabilities"] = new JsonArray([.. Probabilities.Select(one => JsonResult.Number(one))]);
        return fields;
    }
}

/// <summary>The table form of <c>temper predict</c>: prints the classes of the rows of tables.</summary>
internal static class RowPredictions
{
    /// <summary>Predicts and prints all rows.</summary>
    internal static int Run(CommandContext context, string model, IReadOnlyList<string> inputs)
    {
        context.RefuseUnused("tables", [
            ModelSource.Size, .. Preprocessing.Settings.Where(setting => setting != Preprocessing.Classes),
        ]);
        IReadOnlyList<RowPrediction> rows = Predict(context, model, inputs);
        if (context.IsJson)
        {
            JsonResult.Write("predict", new JsonObject
            {
                ["model"] = model,
                ["predictions"] = new JsonArray([.. rows.Select(one => (JsonNode)one.ToJson())]),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable(title: null, "row", "class", "#probability");
        foreach (RowPrediction one in rows)
        {
            string number = one.Row.ToString(CultureInfo.InvariantCulture);
            foreach ((int rank, PredictedClass found) in one.Best.Classes.Index())
            {
                table.Row(
                    rank > 0 ? "" : inputs.Count > 1 ? $"{one.Best.File}:{number}" : number, found.Name,
                    found.Probability.ToString("F4", CultureInfo.InvariantCulture));
            }
        }

        table.Write(context.Terminal);
        return ExitCode.Success;
    }

    /// <summary>The predictions of all rows.</summary>
    /// <exception cref="ToolException">The network does not classify rows, or the columns do not fit it.</exception>
    internal static IReadOnlyList<RowPrediction> Predict(
        CommandContext context, string model, IReadOnlyList<string> inputs)
    {
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        Network network = ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture));
        network.Batch.RequireApart($"predict: {model}");
        int columns = ColumnsOf(network, model);
        string? trained = RunData.Of(model)?.Source;
        TableRows[] tables = [.. inputs.Select(input => Read(context, input, trained, (model, columns)))];
        network = Preprocessing.Apply(context, network, tables[0].Samples.SampleShape);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        using var engine = new PredictionEngine(model, network, context.Get(PredictionEngine.Setting));
        List<RowPrediction> all = [];
        foreach ((string input, TableRows table) in inputs.Zip(tables))
        {
            Tensor y = engine.Run([table.Samples.Read(0, table.Samples.Count).Inputs])[0];
            float[] values = (Prediction.AreProbabilities(network) ? y : y.Softmax()).ToArray<float>();
            IReadOnlyList<string> classes = ClassLabels.Of(network, table.Samples, y.Shape[1]);
            string path = TableRows.PathOf(input)!;
            all.AddRange(values.Chunk(classes.Count).Select((row, i) => new RowPrediction(
                i + 1, Prediction.Of(path, row, classes, context.Get(PicturePredictions.Top)), row)));
        }

        return all;
    }

    /// <summary>Number of columns that a network takes; throws if it does not classify rows.</summary>
    private static int ColumnsOf(Network network, string model)
    {
        if (network.Inputs is [{ } input] && network.Outputs is [{ } output]
            && network.Graph.ShapeOf(network.Inputs[0].Name) is [_, var columns]
            && network.Graph.ShapeOf(output.Value) is [_, > 1])
        {
            return input.DType == DType.Float32 ? columns : throw Unfit($"input of {input.DType}");
        }

        throw Unfit($"inputs {Shapes(network, network.Inputs.Select(one => one.Name))}, outputs "
            + Shapes(network, network.Outputs.Select(one => one.Value)));

        ToolException Unfit(string got) => new(
            ExitCode.BadInput, $"predict: {model} does not classify rows of a table (got {got}, expected one input "
                + "[N, columns] of Float32 and one output [N, classes])");
    }

    private static string Shapes(Network network, IEnumerable<string> values) =>
        string.Join(", ", values.Select(network.Graph.ShapeOf));

    private static TableRows Read(
        CommandContext context, string input, string? trained, (string Name, int Columns) model)
    {
        TableRows rows = TableRows.Read(input, trained);
        string path = TableRows.PathOf(input)!;
        if (rows.Columns.Count != model.Columns)
        {
            string names = string.Join(", ", rows.Columns.Take(20)) + (rows.Columns.Count > 20 ? ", ..." : "");
            throw new ToolException(ExitCode.BadInput, $"predict: {path}: the columns do not fit {model.Name} (got "
                + $"{rows.Columns.Count}: {names}; expected {model.Columns}); leave out the classes with "
                + $"{path}?label=NAME, other columns with {path}?skip=A,B");
        }

        if (!rows.AreNamed && trained is not null && TableRows.PathOf(trained) is { } table)
        {
            context.Terminal.Note($"data: {table}, on which the network was trained, is not there to name its columns; "
                + $"those of {path} are taken in their order");
        }

        return rows;
    }
}

using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Training.Evaluation;

namespace Temper.Cli.Tests.Models;

/// <summary>A network that returns probabilities is measured and trained by its logits.</summary>
public sealed class FinalSoftmaxTests
{
    private static readonly Network Logits =
        Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc")).Initialize(RandomStream.FromSeed(1));

    private static readonly Network Probabilities =
        Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "fc").Softmax()).WithParameters(Logits.Parameters);

    [Fact]
    public void The_loss_is_that_of_the_logits()
    {
        float[] x = new float[20 * 4];
        RandomStream.FromSeed(2).Fill(x);
        var data = new TensorDataset("rows", Tensor.From(x, [20, 4]), Tensor.From([.. Enumerable.Range(0, 20).Select(i => (long)(i % 3))], [20]));
        EvaluationResult expected = Evaluator.Evaluate(Logits, data), found = Evaluator.Evaluate(FinalSoftmax.Removed(Probabilities), data);
        Assert.Equal(expected.Loss, found.Loss);
        Assert.Equal(expected.Accuracy, found.Accuracy);
        Assert.Equal(expected.Answers, found.Answers);
        Assert.True(Math.Abs(expected.Loss - Evaluator.Evaluate(Probabilities, data).Loss) > 1e-3);
    }

    [Fact]
    public void Other_networks_stay_as_they_are()
    {
        Assert.True(FinalSoftmax.IsIn(Probabilities));
        Assert.False(FinalSoftmax.IsIn(Logits));
        Assert.Same(Logits, FinalSoftmax.Removed(Logits));
        Network map = Network.Build(InputSpec.Image(3, 2, 2), x => x.Softmax(1)), inside = Network.Build(InputSpec.Features(4), x => x.Softmax().Linear(3));
        Assert.Same(map, FinalSoftmax.Removed(map));
        Assert.Same(inside, FinalSoftmax.Removed(inside));
    }

    /// <summary>
    /// Each command makes of both networks the same one, up to the softmax at the end. Trained on its probabilities, a
    /// network would lose what it has learned.
    /// </summary>
    [Fact]
    public void Commands_that_train_use_the_logits_and_save_the_softmax()
    {
        using var folder = new TemporaryFolder();
        Network logits = Network.Build(InputSpec.Features(8), Body).Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(logits, folder["logits.safetensors"]);
        ModelFile.Save(Network.Build(InputSpec.Features(8), x => Body(x).Softmax()).WithParameters(logits.Parameters), folder["softmax.safetensors"]);
        (string, string) trained = Both(
            folder, new TrainCommand(), (folder["logits.safetensors"], folder["softmax.safetensors"]), ("epochs", "20"), ("batch", "16"), ("learning-rate", "0.01"));
        Both(folder, new PruneCommand(), trained, ("threshold", "0.5"), ("epochs", "1"));
        Both(folder, new GrowCommand(), trained, ("interval", "1"), ("window", "1"), ("finish-epochs", "1"), ("repair-epochs", "0"), ("learning-rate", "0.01"));
        Both(
            folder, new CompressCommand(), trained, ("structure", "element"), ("regularize-epochs", "1"), ("tune-epochs", "1"), ("trials", "1"), ("first-kept", "0.5"),
            ("objective", "weights"), ("allow-slower", "true"), ("max-accuracy-drop", "100"));
    }

    private static Value Body(Value x)
    {
        x = x.Linear(8, name: "in").Relu();
        x = x + x.Linear(8, name: "first.1").Relu().Linear(8, name: "first.2");
        x = x + x.Linear(8, name: "second.1").Relu().Linear(8, name: "second.2");
        return x.Linear(3, name: "out");
    }

    /// <summary>Runs a command with both networks and returns what it saved.</summary>
    private static (string Logits, string Softmax) Both(
        TemporaryFolder folder, RunCommand command, (string Logits, string Softmax) models, params (string Name, string Value)[] given)
    {
        (string logits, string softmax) = (Run(models.Logits, "logits"), Run(models.Softmax, "softmax"));
        float[] values = new float[20 * 8];
        RandomStream.FromSeed(3).FillUniform(values, -2, 2);
        Tensor x = Tensor.From(values, [20, 8]);
        Network saved = ModelFile.Load(softmax);
        Assert.IsType<Softmax>(saved.Nodes[^1].Operator);
        float[] expected = ModelFile.Load(logits).Forward(x).Softmax().ToArray<float>();
        Assert.All(expected.Zip(saved.Forward(x).ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        return (logits, softmax);

        string Run(string model, string kind)
        {
            Dictionary<string, string> flags = given.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
            string runs = folder[$"{command.Name}-{kind}"];
            (flags["model"], flags["data"], flags["runs"], flags["quiet"]) = (model, "synth:blobs?features=8&count=200&classes=3", runs, "true");
            Assert.Equal(ExitCode.Success, command.Run(Settings.Context(command, flags, TimeProvider.System)));
            return Path.Combine(Assert.Single(Directory.GetDirectories(runs)), ModelSource.ResultName);
        }
    }
}

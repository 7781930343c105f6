using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Training;

namespace Temper.VideoSample;

/// <summary>
/// Trains a two-stream network on clips whose classes differ only in motion, and searches for the few frames that
/// suffice to have a clip misclassified. <c>--tiny</c> runs in seconds, on fewer clips.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        DataSets data = DataSource.Open(
            isTiny ? "synth:actions?count=60&classes=3&frames=4&size=16" : "synth:actions?count=1200");
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(1).Split("validation"));
        var form = new ZooOptions
        {
            Input = new InputSpec { SampleShape = train.SampleShape, Minimum = 0, Maximum = 1 },
            Classes = train.ClassNames.Count,
        };
        var training = new TrainingOptions
        {
            Seed = 1, Epochs = isTiny ? 2 : 6, BatchSize = isTiny ? 8 : 32,
            Optimizer = new Adam { LearningRate = 1e-3f },
        };
        Network network = Trainer.Fit(
            NetworkZoo.TwoStream(form).Initialize(RandomStream.FromSeed(1)), train, validation, training).Network;

        // The optical flow, which is the input of the motion stream, as a tensor: dx of each pair of frames, then dy.
        (Tensor clips, Tensor labels) = data.Test.Read(0, Math.Min(data.Test.Count, isTiny ? 3 : 20));
        Tensor flow = clips.OpticalFlow();
        Console.WriteLine(
            $"flow of {clips.Shape[0]} clips {train.SampleShape}: {flow.Shape}, "
            + $"at most {flow.ToArray<float>().Max(MathF.Abs):F2} pixels");

        // The victim reads frames as bytes, as from a file; gradients pass through its optical flow to the frames.
        AttackTarget victim = ByteFrames.Victim(new NetworkTarget(network));
        var evaluation = new VideoEvaluation(victim, clips, labels.ToArray<long>(), TimeProvider.System);
        Console.WriteLine($"clean: top-1 accuracy {evaluation.Clean().Top1:P1}");
        foreach (string rule in (string[])["noise", "transplant", "sparse"])
        {
            Attack attack = VideoAttacks.Create(rule, 8 / 255.0, steps: isTiny ? 3 : 10);
            VideoRow row = evaluation.Run(attack, 8 / 255.0, usesLabels: false, RandomStream.FromSeed(2)).Row;
            Console.WriteLine(
                $"{rule,-10} 8/255: top-1 accuracy {row.Top1:P1}, median of {row.MedianFrames} changed frames");
        }

        return 0;
    }
}

using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Video;
using Temper.Tensors;

namespace Temper.Experiments;

/// <summary>
/// Attacked clips as files: measures whether an attack still works after the clip is written and read back.
/// </summary>
internal sealed class VideoFileTable(string folder)
{
    internal const string Head =
        "| attack | class | frames | class after the attack | read from a lossless file | H.264 CRF 18 | 23 | 30 "
        + "| clean clip, CRF 18 | 23 | 30 |\n| --- | --- | ---: | --- | --- | --- | --- | --- | --- | --- | --- |";

    /// <summary>Constant rate factors of H.264; null: lossless FFV1.</summary>
    private static readonly int?[] Qualities = [null, 18, 23, 30];

    /// <summary>Returns a row for the first correctly classified clip of each class, then a row of sums.</summary>
    internal string Rows(Network network, Dataset test, string rule, int level)
    {
        AttackTarget victim = ByteFrames.Victim(new NetworkTarget(network));
        IEnumerable<int> classes = Enumerable.Range(0, test.ClassNames.Count);
        int[] chosen = [.. classes.Select(k => FirstRight(victim, test, k)).Where(i => i >= 0)];
        (Tensor clips, Tensor labels) = test.Subset(chosen).Read(0, chosen.Length);
        var evaluation = new VideoEvaluation(victim, clips, labels.ToArray<long>(), TimeProvider.System);
        Attack attack = VideoAttacks.Create(rule, level / 255.0);
        VideoOutcome outcome = evaluation.Run(attack, level / 255.0, usesLabels: false, RandomStream.FromSeed(1));
        List<string> lines = [];
        int[] fooled = new int[Qualities.Length + 1];
        for (int i = 0; i < chosen.Length; i++)
        {
            Tensor clean = One(clips, i), attacked = One(outcome.Result.Adversarials, i);
            int was = (int)evaluation.Predictions[i], now = Predict(victim, attacked);
            int frames = ClipChange.Frames(clean.AsSpan<float>(), attacked.AsSpan<float>(), clean.Shape[0]);
            int[] coded = [.. Qualities.Select(q => Predict(victim, Coded($"{rule}-{level}-{i}", attacked, q)))];
            IEnumerable<int> cleanCoded = Qualities.Skip(1).Select(q => Predict(victim, Coded($"clean-{i}", clean, q)));
            IEnumerable<string> cells = coded.Prepend(now).Concat(cleanCoded).Select(k => k == was ? "same" : Name(k));
            lines.Add($"| {rule} {level}/255 | {Name(was)} | {frames} | {string.Join(" | ", cells)} |");
            fooled = [.. fooled.Zip([now, .. coded], (sum, k) => sum + (k == was ? 0 : 1))];
        }

        lines.Add($"| {rule} {level}/255 | all, fooled of {chosen.Length} | | {string.Join(" | ", fooled)} | | | |");
        return string.Join('\n', lines);

        string Name(int k) => test.ClassNames[k];
    }

    private Tensor Coded(string name, Tensor clip, int? quality) =>
        CodedClips.Through(
            clip, Path.Combine(folder, quality is null ? $"{name}.mkv" : $"{name}-crf{quality}.mp4"), quality: quality);

    private static int FirstRight(AttackTarget victim, Dataset test, int k) => Enumerable.Range(0, test.Count)
        .Where(i => test.Label(i) == k && Predict(victim, test.Read(i, 1).Inputs) == k).Append(-1).First();

    private static Tensor One(Tensor clips, int i) => clips.Slice(0, i, i + 1).Squeeze(0);

    private static int Predict(AttackTarget victim, Tensor clip)
    {
        Tensor one = clip.Rank == 4 ? clip.Unsqueeze(0) : clip;
        return (int)new VideoEvaluation(victim, one, [0], TimeProvider.System).Predictions[0];
    }
}

using Temper.Data;
using Temper.Networks;
using Temper.Privacy.Audit;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Reporting.Documents;
using Temper.Tensors;

namespace Temper.PrivacySample;

/// <summary>
/// Morphs pictures and a first layer into a bundle, and audits the bundle with attacks before it is sent.
/// <c>--tiny</c> uses fewer and smaller pictures.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        int side = isTiny ? 12 : 28;
        DataSets data = DataSource.Open($"synth:shapes?count={(isTiny ? 60 : 2000)}&classes=10&channels=1&size={side}");
        string folder = Directory.CreateTempSubdirectory("temper-bundle").FullName;

        // The developer sends the weights of the first convolution.
        Network developers = Network.Build(
            InputSpec.Image(1, side, side), x => x.Conv2d(16, kernel: 3, padding: 1, bias: false, name: "first"))
            .Initialize(RandomStream.FromSeed(1));
        Tensor weights = developers.Parameters["first.weight"].Value;

        // The owner morphs rows and layer with a secret map.
        using (MorphKey key = MorphKey.Create(new MorphMap(1, side, side)))
        using (var morpher = new Morpher(key))
        {
            MorphBundle.WriteData(key, morpher, data, folder);
            MorphBundle.WriteLayer(key, AugConvLayer.Compose(key, morpher, weights, stride: 1, padding: 1), folder);
        }

        // Runs the attacks of an outsider who has exactly these files and the developer's weights; the plain data is
        // only used to score the results.
        IReadOnlyList<AttackFinding> findings = MorphAudit.Run(
            MorphBundle.Open(folder), new AuditInputs { Weights = weights, Truth = data.Train });
        foreach (AttackFinding finding in findings)
        {
            Console.WriteLine($"{finding.Name}: {finding.Verdict}; {finding.Detail}");
        }

        Console.WriteLine(AuditSection.Meaning(MorphAudit.Verdict(findings)));
        string report = Path.Combine(folder, "audit.html");
        new Report { Title = "Audit of a bundle", Sections = [AuditSection.Of(findings)] }.Save(report);
        Console.WriteLine($"report: {report}");
        return 0;
    }
}

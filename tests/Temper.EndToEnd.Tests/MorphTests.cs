using System.Text.Json;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.EndToEnd.Tests;

/// <summary>Morphing from key generation to audit, as owner and trainer use it.</summary>
public sealed class MorphTests
{
    private const string Data = "synth:shapes?size=28&channels=1&count=300&classes=4";

    private const string Variable = "TEMPER_MORPH_PASSWORD", Password = "correct horse";

    /// <summary>Sets the password for the runs in this process; nothing else reads the variable.</summary>
    static MorphTests() => Environment.SetEnvironmentVariable(Variable, Password);

    [Fact]
    public void Owner_morphs_trainer_trains_owner_evaluates_and_the_audit_breaks_it()
    {
        using var folder = new TemporaryFolder();
        string key = folder["key"], bundle = folder["bundle"], weights = folder["w.npy"], runs = folder["runs"];
        NpyFile.Save(weights, Samples.GaussianTensor([20, 1, 5, 5], 3));
        Assert.Equal(0, Tool.RunProcess("morph", "keygen", "--output", key, "--data", Data, "--cores", "28").ExitCode);
        Assert.Equal(2, Run("morph", "keygen", "--output", key, "--data", Data).ExitCode);
        Good("morph", "data", "--key", key, "--data", Data, "--output", bundle);
        Good("morph", "layer", "--key", key, "--weights", weights, "--stride", "1", "--padding", "0", "--output", bundle);
        JsonElement trained = Good("train", "lenet-5-caffe", "--aug-conv", bundle, "--epochs", "1", "--runs", runs);
        JsonElement found = Good("eval", trained.GetProperty("folder").GetString()!, "--data", Data, "--morph-key", key);
        Assert.Equal(50, found.GetProperty("count").GetInt32());
        double accuracy = trained.GetProperty("result").GetProperty("networks")[0].GetProperty("test_accuracy").GetDouble();
        Assert.Equal(accuracy, found.GetProperty("accuracy").GetDouble(), 1e-6);

        string run = trained.GetProperty("folder").GetString()!, other = folder["other"];
        Good("morph", "keygen", "--output", other, "--data", Data, "--cores", "28");
        ToolResult wrong = Run("eval", run, "--data", Data, "--morph-key", other), none = Run("eval", run, "--data", Data);
        Assert.Equal((2, 0), (wrong.ExitCode, none.ExitCode));
        Assert.Contains("trained on rows of another key", wrong.Error);
        Assert.Contains("expects morphed rows", none.Error);
        Assert.Contains("expects morphed rows", Run("attack", run, "--data", Data, "--attack", "fgsm", "--epsilon", "0.1", "--limit", "4", "--no-checks").Error);
        Assert.Contains("expects morphed rows", Run("probe", run, "--data", Data, "--samples", "4", "--rays", "1").Error);

        // The trainer has no key, but the rows that the network was trained on.
        ToolResult own = Run("eval", run, "--json");
        Assert.DoesNotContain("expects morphed rows", own.Error);
        Assert.Equal(accuracy, JsonDocument.Parse(own.Output).RootElement.GetProperty("accuracy").GetDouble(), 1e-6);
        Assert.Equal(2, Run("eval", run, "--morph-key", key).ExitCode);

        ToolResult augmented = Run("train", "lenet-5-caffe", "--aug-conv", bundle, "--augment", "flip", "--runs", runs);
        Assert.Equal(2, augmented.ExitCode);
        Assert.Contains("cannot be used with morphed rows", augmented.Error);

        ToolResult audit = Tool.RunProcess("audit", bundle, "--weights", weights, "--truth", Data, "--pictures", "8", "--save-pictures", folder["pictures"], "--json");
        Assert.Equal(4, audit.ExitCode);
        JsonElement first = JsonDocument.Parse(audit.Output).RootElement.GetProperty("attacks")[0];
        Assert.Equal("BROKEN", first.GetProperty("verdict").GetString());
        Assert.Equal(60, first.GetProperty("psnr").GetDouble());
        foreach (string name in new[] { "name", "needs", "ssim", "seconds" })
        {
            Assert.True(first.TryGetProperty(name, out _), name);
        }

        Assert.NotEmpty(Directory.GetFiles(folder["pictures"], "*.png"));
        Assert.Equal(0, Run("audit", bundle, "--weights", weights, "--accept-obfuscation").ExitCode);
        string rows = Path.Combine(bundle, "test-rows.npy");
        byte[] content = File.ReadAllBytes(rows);
        content[^1] ^= 4;
        File.WriteAllBytes(rows, content);
        Assert.Equal(3, Run("audit", bundle, "--weights", weights, "--accept-obfuscation").ExitCode);
    }

    [Fact]
    public void Bad_keys_passwords_and_bundles_end_with_a_line_and_leave_nothing()
    {
        using var folder = new TemporaryFolder();
        string key = folder["key"], bundle = folder["bundle"];
        Good("morph", "keygen", "--output", key, "--shape", "1,28,28");
        string password = folder.Write("password", "something else\n");
        Refused(3, "password is wrong", "morph", "data", "--key", key, "--data", Data, "--output", bundle, "--password-file", password);
        byte[] content = File.ReadAllBytes(key);
        File.WriteAllBytes(key, content[..^1]);
        Refused(3, "damaged or truncated", "morph", "data", "--key", key, "--data", Data, "--output", bundle);
        File.WriteAllBytes(key, content);
        Refused(2, "does not fit the key", "morph", "data", "--key", key, "--data", "synth:shapes?size=8&count=60", "--output", bundle);
        Refused(2, "password", "morph", "keygen", "--output", folder["other"], "--shape", "1,28,28", "--password-file", folder.Write("empty", "\n"));
        Refused(2, "channels, height and width", "morph", "keygen", "--output", folder["other"], "--shape", "1,28");
        Refused(6, "manifest.json", "audit", folder.Path);
        Assert.False(Directory.Exists(bundle) && Directory.EnumerateFileSystemEntries(bundle).Any(), "something was written");
        Assert.False(File.Exists(folder["other"]));

        void Refused(int code, string words, params string[] arguments)
        {
            ToolResult result = Run(arguments);
            Assert.Equal(code, result.ExitCode);
            Assert.Contains(words, result.Error);
        }
    }

    [Fact]
    public void Estimate_has_the_papers_figures()
    {
        JsonElement estimate = Good("morph", "estimate", "--shape", "3,32,32");
        Assert.Equal(9_437_184, estimate.GetProperty("owner_macs").GetInt64());
        Assert.Equal(10, estimate.GetProperty("paper").GetArrayLength());
        Assert.Contains("most likely a misprint", Run("morph", "estimate", "--shape", "3,32,32").Output);
    }

    /// <summary>65,536 + 256 x 8,192 - 73,728 additional multiply-accumulates of the network's 6,235,136.</summary>
    [Fact]
    public void Estimate_builds_the_network_for_the_data_and_takes_its_first_convolution()
    {
        string[] estimate = ["morph", "estimate", "--data", "synth:shapes?size=16&channels=1&count=60&classes=4", "--network", "convnet-small"];
        JsonElement found = Good([.. estimate, "--padding", "1"]);
        Assert.Equal(2_023_424, found.GetProperty("trainer_extra_macs").GetInt64());
        Assert.Equal(2_088_960 / 6_235_136.0, found.GetProperty("overhead").GetDouble(), 1e-12);

        // morph data writes the rows of both parts: 60 of training and 10 of test.
        Assert.Equal(70, found.GetProperty("rows").GetInt64());
        Assert.Equal(70 * 256 * sizeof(float), found.GetProperty("row_bytes").GetInt64());
        Assert.Equal(found.GetProperty("overhead").GetDouble(), Good(estimate).GetProperty("overhead").GetDouble());
        ToolResult contradicted = Run([.. estimate, "--channels", "64"]);
        Assert.Equal(2, contradicted.ExitCode);
        Assert.Contains("--channels differs from the network's first convolution (got 64, expected 32)", contradicted.Error);
        Assert.Equal(2, Run([.. estimate[..^1], "lenet-300-100"]).ExitCode);
    }

    [Fact]
    public void Estimate_refuses_a_stored_network_for_other_pictures()
    {
        using var folder = new TemporaryFolder();
        Network network = NetworkZoo.ConvNetSmall(new ZooOptions { Input = InputSpec.Image(1, 8, 8) });
        ModelFile.Save(network.Initialize(RandomStream.FromSeed(1)), folder["model"]);
        ToolResult refused = Run("morph", "estimate", "--shape", "1,16,16", "--network", folder["model"]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("the network takes other pictures (got [1, 8, 8], expected [1, 16, 16])", refused.Error);
        Assert.Equal(32, Good("morph", "estimate", "--shape", "1,8,8", "--network", folder["model"]).GetProperty("channels").GetInt32());
    }

    private static ToolResult Run(params string[] arguments) => Tool.Run(arguments);

    private static JsonElement Good(params string[] arguments)
    {
        ToolResult result = Run([.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.ExitCode}: {result.Error}");
        return JsonDocument.Parse(result.Output).RootElement.Clone();
    }
}

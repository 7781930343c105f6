using System.Text.Json.Nodes;
using Temper.Formats;
using Temper.Kernels;
using Temper.Networks;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Checkpoints that do not fit the training are refused.</summary>
public sealed class AgentCheckpointTests
{
    [Fact]
    public void A_checkpoint_of_other_options_is_refused()
    {
        using var folder = new TemporaryFolder();
        var options = (OnPolicyOptions)TrainerTests.Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options with { Gamma = 0.5f });
        Assert.Contains("options", Assert.Throws<ModelFormatException>(() => again.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cartpole", "step limit (got 40, expected 60)")]
    [InlineData("pixel-pong", "frame skip (got 2, expected 1)")]
    [InlineData("alien-rows", "sticky (got 0.3, expected 0.1)")]
    [InlineData("alien-rows", "actions (got none,left,up,right,down,fire, expected none,left,right,fire)")]
    [InlineData("pixel-alien-rows", "sticky (got 0.3, expected 0.1)")]
    public void A_checkpoint_of_an_environment_with_other_settings_is_refused(string name, string difference)
    {
        using var folder = new TemporaryFolder();
        var settings = new EnvironmentOptions { StepLimit = 60 };
        EnvironmentOptions changed = difference[..3] switch
        {
            "ste" => settings with { StepLimit = 40 },
            "fra" => settings with { FrameSkip = 2 },
            "sti" => settings with { Sticky = 0.3f },
            _ => settings with { HasAllActions = true },
        };
        OnPolicyOptions options = OnPolicyOptions.A2c(6) with { Environments = 2, Network = TrainerTests.Small(convolution: name is not "cartpole") };
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, settings), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        using var again = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, changed), options);
        string message = Assert.Throws<ModelFormatException>(() => again.Resume(folder["c"])).Message;
        Assert.Contains($"started: {difference}; resume", message, StringComparison.Ordinal);
        using var same = AgentPresets.Trainer(() => EnvironmentCatalog.Create(name, settings), options);
        same.Resume(folder["c"]);
        Assert.Equal(trainer.Steps, same.Steps);
    }

    [Fact]
    public void A_checkpoint_without_settings_is_refused_as_an_older_one()
    {
        using var folder = new TemporaryFolder();
        AgentTrainingOptions options = TrainerTests.Rows["a2c"].Options;
        using var trainer = AgentPresets.Trainer(() => EnvironmentCatalog.Create("cartpole"), options);
        trainer.Update();
        trainer.Save(folder["c"]);
        string path = Directory.GetFiles(folder["c"], "state.json", SearchOption.AllDirectories).Single();
        JsonObject state = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        Assert.True(state["method"]!.AsObject().Remove("settings"));
        File.WriteAllText(path, state.ToJsonString());
        Assert.Contains("older version", Assert.Throws<ModelFormatException>(() => trainer.Resume(folder["c"])).Message, StringComparison.Ordinal);
    }
}
